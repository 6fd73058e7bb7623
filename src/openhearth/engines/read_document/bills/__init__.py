"""What receipts, invoices and tickets say, by rules over their lines in Chinese and English."""

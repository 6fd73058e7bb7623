"""Documents read: text of pictures and pages, documents as Markdown, tables, bills, pages made better."""

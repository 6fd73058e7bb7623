"""From pieces of text with places to blocks in reading order, the same for PDFs and for scans."""

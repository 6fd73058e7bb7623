"""Textin (合合): documents and pages over HTTP, options in the query, one envelope around every answer.

Sources: https://docs.textin.com/api-reference/endpoint/parse (pdf_to_markdown), …/endpoint/bill, and
https://www.textin.com/document/recognize-document-3d1-multipage. What those pages do not say is marked as inferred in
docs/guides/documents.md.
"""

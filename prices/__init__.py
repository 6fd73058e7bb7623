"""Tools that make the seed of the price table from open data. Not part of the installed package."""

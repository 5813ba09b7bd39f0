"""What routing says on the first page, one subject a module: the site in, a Part out."""

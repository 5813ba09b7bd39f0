"""The page of one config push, part by part: rows in, the values of `mailadmin.ui.pages` out."""

"""The page of one config push, part by part: rows in, values of `mailadmin.ui.push_page` out."""

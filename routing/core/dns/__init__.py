"""What the DNS says of a domain's mail, and what of it is wrong. Asking is injected; nothing here
opens a socket."""

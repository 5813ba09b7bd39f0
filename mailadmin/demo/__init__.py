"""The demonstration of ./run: a page that breaks its mail servers and sends messages."""

"""Ask the DNS: names are enrolled, picked when due, asked in a thread, and judged."""

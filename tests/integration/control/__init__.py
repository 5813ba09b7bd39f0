"""The control plane: people, audit, intent, edits, and the rules of its database."""

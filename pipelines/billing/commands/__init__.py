"""The commands of billing, one module a group. Light to import: what a command needs it imports when it runs."""

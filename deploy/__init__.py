"""The command `system-monitor`: its arguments, its subcommands, and the embedded broker."""

"""The subcommands of ``system-monitor``."""

"""The black box: saves a host's last messages when one of its runs fails or it goes silent."""

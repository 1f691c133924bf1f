"""Support: what is handed on when somebody is asked for help."""

"""Who may do what: users and roles, their privileges, logging in."""

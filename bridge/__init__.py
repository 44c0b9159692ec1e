"""The escalation bridge: public complaints become helpdesk tickets, agents' answers go back."""

__version__ = "0.1.0"

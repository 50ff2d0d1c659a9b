"""How ``invoke grade`` judges submissions, each in a process and databases of its own."""

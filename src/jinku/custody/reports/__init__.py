"""Reports: tables, printed pages, the daily owners' file, and what regulator, bank and auditor ask for."""

"""CDRs of other parties: priced as sent by the tariff that each one carries, and compared with what it says."""

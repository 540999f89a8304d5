"""Sessions of the warehouse priced: CDRs with their lines, what could not be priced and why, running costs."""

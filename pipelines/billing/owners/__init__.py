"""What site owners are paid: monthly statements, payouts, the file for the bank."""

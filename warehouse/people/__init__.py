"""People and programs that use kwhouse: their roles, what these let them do, and which sites they see."""

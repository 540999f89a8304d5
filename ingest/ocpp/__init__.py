"""OCPP-J without sockets: frames, schemas and the answers a central system owes."""

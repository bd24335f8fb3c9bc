"""Drop-ins for other clients: a program changes one import and runs on sioclient."""

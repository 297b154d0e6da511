"""The world around `pinfold acp` for one test: a controller on a slice of its own, clients, agents, and a clean end."""

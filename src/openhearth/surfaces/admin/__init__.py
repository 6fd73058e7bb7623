"""The operator's routes: keys, targets, engines. Command line and console have no other way in."""

"""Where frames and poses come from: a recording or live devices."""

"""EKS Auto Mode, where EKS itself makes the nodes."""

"""The VPC: subnets, ways out, endpoints of AWS services, flow logs."""

"""The way of clients to the gateway: load balancer, certificate, web application firewall."""

"""The Grafana dashboard, and the code that it is made by: `make dashboards`."""

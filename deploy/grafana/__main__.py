"""Write the dashboard's file: `make dashboards`."""

from deploy.grafana.dashboard import FILE, text

if __name__ == "__main__":
    FILE.write_text(text())

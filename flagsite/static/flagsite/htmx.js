// The content security policy keeps out the styles that htmx would write into the page.
htmx.config.includeIndicatorStyles = false;

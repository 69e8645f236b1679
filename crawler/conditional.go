package crawler

import (
	"net/http"

	"utkik/crawler/kind"
)

// askIfChanged makes the headers of a request conditional on what is stored. HTTP knows this for GET only.
func askIfChanged(h http.Header, stored *kind.Document) {
	if stored == nil {
		return
	}
	if tag := stored.Header.Get("ETag"); tag != "" {
		h.Set("If-None-Match", tag)
	}
	if at := stored.Header.Get("Last-Modified"); at != "" {
		h.Set("If-Modified-Since", at)
	}
}

// conditional tells whether the server gave a stored document something to compare by.
func conditional(stored *kind.Document) bool {
	return stored.Status == http.StatusOK && (stored.Header.Get("ETag") != "" || stored.Header.Get("Last-Modified") != "")
}

// spared tells whether a stored document answers a request without asking: the listing named its version.
func spared(req kind.Request, stored *kind.Document) bool {
	return req.Stamp != "" && stored.Status == http.StatusOK && stored.Request.Stamp == req.Stamp
}

package crawler

import (
	"net"
	"net/http"
	"time"

	"code.dny.dev/ssrf"
)

// newNetwork makes the transport that speaks to the world. Unless private addresses are allowed it refuses,
// at the moment of dialling and so after DNS, everything that is not a public address on port 80 or 443:
// neither a redirect nor a name that points inwards gets through.
func newNetwork(allowPrivate bool, parallel int) *http.Transport {
	d := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	if !allowPrivate {
		d.Control = ssrf.New().Safe
	}
	return &http.Transport{
		// No proxy: the environment configures nothing here, and a proxy would dial in our place, past the check.
		Proxy:                 nil,
		DialContext:           d.DialContext,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // compression is ours, so that the size limit counts what comes out
		MaxIdleConnsPerHost:   parallel,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

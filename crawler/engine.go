// Package crawler fetches what a source publishes and hands it to the kind that can read it. [Engine.Run]
// is one pass over one source: requests go out politely and bounded, answers are kept raw, the kind parses
// them, and a [Report] says what was found and whether it is all there is. What changed is decided
// elsewhere; README.md beside this file says how the parts hang together and how to add a source.
package crawler

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

// Bounds that no source needs to exceed, and that keep a wrong kind or a hostile site from running on.
const (
	maxRounds    = 8      // gatherings of a run
	maxRequests  = 20_000 // documents of a run
	maxRedirects = 5      // hops of a request
	maxFailures  = 5      // failures of a host in a row, after which the rest of its requests is left
	maxWorkers   = 16
	keepOfBad    = 64 << 10 // bytes kept of an answer that is not used
)

// Config is what an engine needs to know. The zero values of all but UserAgent and Now are usable.
type Config struct {
	UserAgent    string            // honest, with a contact address: "utkik/1.0 (+mailto:eu@region.example)"; required
	AllowPrivate bool              // addresses of the loopback and of private networks, and any port, may be dialled
	Delay        time.Duration     // least time between two requests to one host; 0 is 1 s unless AllowPrivate
	Parallel     int               // requests at a time to one host, 1 unless set; for mirrors and tests
	Retries      int               // further tries of a request, 3 unless set; negative means none
	Backoff      time.Duration     // wait before the first retry, doubled for each further one; 0 is 1 s
	Most         int               // documents of a run; 0 is 20,000. For a look at a source
	MaxBytes     int64             // of one body after decompression; a source's own MaxBytes wins; 0 is 64 MiB
	Timeout      time.Duration     // of one try, to the last byte; 0 is 2 minutes
	Now          func() time.Time  // stamps documents and runs, and ages robots.txt; required
	Rand         func() float64    // jitter in [0,1); nil is math/rand
	Log          *slog.Logger      // nil is silent
	Progress     io.Writer         // a terminal that shows how far a run is; nil shows nothing
	Commons      Commons           // what engines share that run beside this one; nil: none does
	Transport    http.RoundTripper // speaks to the network; nil is our own, which refuses private addresses
}

// Engine runs sources. It remembers the pace and the robots.txt of each host, so that sources that share a
// host share its patience. It is safe for concurrent use.
type Engine struct {
	cfg   Config
	hosts *hosts
	own   *http.Transport // nil when Config.Transport was given
}

// New makes an engine. It refuses a configuration without user agent or clock.
func New(cfg Config) (*Engine, error) {
	if cfg.UserAgent == "" {
		return nil, errors.New("crawler: user agent is empty: name the program and an address to reach its operator")
	}
	if cfg.Now == nil {
		return nil, errors.New("crawler: no clock")
	}
	if cfg.Delay < 0 || cfg.MaxBytes < 0 || cfg.Timeout < 0 || cfg.Backoff < 0 {
		return nil, errors.New("crawler: delay, backoff, max bytes and timeout cannot be negative")
	}
	if cfg.Delay == 0 && !cfg.AllowPrivate {
		cfg.Delay = time.Second
	}
	cfg.Parallel = min(max(cfg.Parallel, 1), maxWorkers)
	cfg.Most = cmp.Or(cfg.Most, maxRequests)
	cfg.Retries = max(cmp.Or(cfg.Retries, 3), 0)
	cfg.Backoff = cmp.Or(cfg.Backoff, time.Second)
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, 64<<20)
	cfg.Timeout = cmp.Or(cfg.Timeout, 2*time.Minute)
	if cfg.Rand == nil {
		cfg.Rand = rand.Float64
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	e := &Engine{cfg: cfg, hosts: newHosts(cfg.Parallel)}
	if cfg.Transport == nil {
		e.own = newNetwork(cfg.AllowPrivate, cfg.Parallel)
		e.cfg.Transport = e.own
	}
	return e, nil
}

// Close lets idle connections go. It may be called more than once; the engine stays usable.
func (e *Engine) Close() {
	if e.own != nil {
		e.own.CloseIdleConnections()
	}
}

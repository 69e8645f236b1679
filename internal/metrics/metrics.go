// Package metrics is what the program tells Prometheus: counters of what this process does, and what the store holds, which
// every process of an installation tells alike. What is read from the store is handed over as plain values each time
// somebody asks; where the store does not answer, utkik_store_up is 0 and nothing of it is told, rather than what was so
// some time ago. doc/operations.md explains every name, and a test holds the two against each other.
//
// Labels take few values: ids of sources and plans, kinds of jobs, states, patterns of routes. Nothing that a reader types
// and no address of anybody becomes one.
package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Config is what metrics are made of.
type Config struct {
	Version  string // of the program
	Revision string // of its source
	Go       string // that built it
	// State reads what the store and this process hold. Its error is told to the log and by utkik_store_up.
	State func(context.Context) (State, error)
	Log   *slog.Logger
}

// Metrics is all that one process measures. It may be used by several at the same time.
type Metrics struct {
	registry *prometheus.Registry
	searches prometheus.Histogram
	requests *prometheus.HistogramVec
}

// New makes a process's metrics.
func New(c Config) (*Metrics, error) {
	m := &Metrics{registry: prometheus.NewPedanticRegistry()}
	m.searches = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "utkik_search_duration_seconds", Help: "Time of one search in the index of this process.",
		Buckets: []float64{.0005, .001, .002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
	})
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "utkik_http_request_duration_seconds", Help: "Time of one answer of this process, by the pattern of its route and the class of its status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route", "code"})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "utkik_build_info", Help: "1, with what this process was built from.",
	}, []string{"version", "revision", "goversion"})
	build.WithLabelValues(c.Version, c.Revision, c.Go).Set(1)
	for _, r := range []prometheus.Collector{
		m.searches, m.requests, build, newStateCollector(c.State, c.Log),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := m.registry.Register(r); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Search tells of one search.
func (m *Metrics) Search(took time.Duration) { m.searches.Observe(took.Seconds()) }

// Request tells of one answer. route is the pattern that it was found by, empty where there was none.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	code := "other"
	if status >= 100 && status < 600 {
		code = string(rune('0'+status/100)) + "xx"
	}
	m.requests.WithLabelValues(route, code).Observe(took.Seconds())
}

// Handler answers Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 20 * time.Second})
}

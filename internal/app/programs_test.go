package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Each program is paced by itself: by the address from which it comes, and behind a proxy that is trusted by the one that the
// proxy names; the word of others counts for nothing. Models share the pace of programs. The clock of the pace goes on, also
// where the program acts as if it were a certain time.
func TestPace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, proxies string
		want          []int // for each of the requests below
	}{
		{"no proxy is trusted", "", []int{200, 429, 429, 200}},
		{"a proxy is trusted", "192.0.2.0/24", []int{200, 429, 200, 429}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, h, _ := installed(t, "web: {api_rate: 0.001, api_burst: 1, proxies: \""+tt.proxies+"\"}")
			pages, err := a.newPages(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			handler, _, _, err := a.handler(pages, &watcher{health: h}, func(context.Context) {})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range []struct{ path, peer, forwarded string }{
				{"/api/v1/priorities", "192.0.2.1:9", "198.51.100.1"},
				{"/mcp", "192.0.2.1:9", "198.51.100.1"},
				{"/api/v1/priorities", "192.0.2.1:9", "198.51.100.2"}, // another, if the proxy is believed
				{"/api/v1/priorities", "192.0.2.9:9", "198.51.100.2"}, // another proxy for the same, or another peer
			} {
				req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, r.path, nil)
				req.RemoteAddr = r.peer
				req.Header.Set("X-Forwarded-For", r.forwarded)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, req)
				if w.Code != tt.want[i] {
					t.Errorf("request %d: %d, want %d: %s", i+1, w.Code, tt.want[i], w.Body)
				}
			}
		})
	}
	t.Run("the clock goes on", func(t *testing.T) {
		t.Parallel()
		a, h, _ := installed(t, "web: {api_rate: 1000, api_burst: 1}") // installed acts as if it were a day in May
		pages, err := a.newPages(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		handler, _, _, err := a.handler(pages, &watcher{health: h}, func(context.Context) {})
		if err != nil {
			t.Fatal(err)
		}
		asked := func() int {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/priorities", nil))
			return w.Code
		}
		good := 0
		for end := time.Now().Add(time.Minute); good < 3; { // a millisecond each; where the clock stood, only the first
			switch code := asked(); {
			case code == http.StatusOK:
				good++
			case code != http.StatusTooManyRequests:
				t.Fatalf("status %d", code)
			case time.Now().After(end):
				t.Fatal("who was told to wait waits for ever")
			}
		}
	})
}

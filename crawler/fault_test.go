package crawler

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"utkik/crawler/kind"
	"utkik/internal/call"
)

// TestFaults holds that what went wrong has a class, so that nobody has to read its words.
func TestFaults(t *testing.T) {
	t.Parallel()
	status := func(code int) func(*portal) {
		return func(p *portal) {
			p.mux.HandleFunc("/list", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		}
	}
	for name, tc := range map[string]struct {
		serve func(*portal)
		want  kind.Fault
	}{
		"all is well":   {func(p *portal) { p.page("/list", "listing x\nitem a") }, ""},
		"forbidden":     {status(403), kind.FaultRefused},
		"too many":      {status(429), kind.FaultRefused},
		"not found":     {status(404), kind.FaultMoved},
		"gone":          {status(410), kind.FaultMoved},
		"out of order":  {status(503), kind.FaultServer},
		"teapot":        {status(418), kind.FaultServer},
		"robots refuse": {func(p *portal) { p.page("/robots.txt", "User-agent: *\nDisallow: /list") }, kind.FaultRobots},
		"robots fail": {func(p *portal) {
			p.mux.Handle("/robots.txt", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
		}, kind.FaultServer},
		"unknown layout": {func(p *portal) { p.page("/list", "<html>") }, kind.FaultLayout},
		"kind panics":    {func(p *portal) { p.page("/list", "panic") }, kind.FaultLayout},
		"short":          {func(p *portal) { p.page("/list", "listing x\ntotal 5\nitem a") }, kind.FaultShort},
		"a kind's gap":   {func(p *portal) { p.page("/list", "item a\ngap row 7 is lost") }, kind.FaultShort},
		"too large":      {func(p *portal) { p.page("/list", strings.Repeat("item a\n", 1000)) }, kind.FaultSize},
		"too few":        {func(p *portal) { p.page("/list", "listing x\n") }, kind.FaultExpected},
		"another's host": {func(p *portal) {
			p.mux.Handle("/list", http.RedirectHandler("http://elsewhere.example/", http.StatusFound))
		}, kind.FaultMoved},
		"hangs up": {func(p *portal) {
			p.mux.HandleFunc("/list", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		}, kind.FaultNetwork},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortal(t)
			tc.serve(p)
			cfg := quick()
			cfg.Retries, cfg.MaxBytes = -1, 1000
			src := p.source()
			src.Expect.MinItems = 1
			rep := crawl(t, cfg, src, lines{}, newShelf())
			if rep.Fault != tc.want || (rep.Fault == "") != rep.Complete {
				t.Errorf("fault %q, complete %v, %s; want %q", rep.Fault, rep.Complete, rep.Err, tc.want)
			}
		})
	}
}

// TestFaultOfACertificate asks a site whose certificate has expired, and one whose certificate is another site's.
func TestFaultOfACertificate(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		until time.Time
		host  string
		words string
	}{
		"expired":   {time.Date(2026, 5, 12, 0, 0, 0, 0, time.UTC), "127.0.0.1", "expired"},
		"another's": {time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), "192.0.2.1", "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Unix(0, 0), NotAfter: tc.until,
				IPAddresses: []net.IP{net.ParseIP(tc.host)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
			raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
			if err != nil {
				t.Fatal(err)
			}
			cert, err := x509.ParseCertificate(raw)
			if err != nil {
				t.Fatal(err)
			}
			site := httptest.NewUnstartedServer(http.NotFoundHandler())
			site.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that it tells of is the test
			site.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
			site.StartTLS()
			t.Cleanup(site.Close)
			roots := x509.NewCertPool()
			roots.AddCert(cert)
			under := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Time: func() time.Time { return then }}}
			t.Cleanup(under.CloseIdleConnections)
			cfg := quick()
			cfg.Transport, cfg.Retries = under, -1
			src := kind.Source{ID: "village", Address: map[string]string{"list": site.URL + "/list"}}
			rep := crawl(t, cfg, src, lines{}, newShelf())
			if rep.Fault != kind.FaultCertificate || !strings.Contains(rep.Err, tc.words) {
				t.Errorf("fault %q: %s; want certificate, and %q", rep.Fault, rep.Err, tc.words)
			}
		})
	}
}

func TestMissed(t *testing.T) {
	t.Parallel()
	moment := func(s string) call.Moment {
		m, err := call.ParseMoment(s)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	item := func(published string, dated bool) kind.Item {
		it := kind.Item{Call: call.Call{Title: "t"}}
		if published != "" {
			it.Published = moment(published)
		}
		if dated {
			it.Call.Deadlines = []call.Moment{moment("2026-09-01")}
		}
		return it
	}
	items := []kind.Item{item("2026-05-01", true), item("2026-05-10", true), item("", false)}
	for name, tc := range map[string]struct {
		want  kind.Expect
		items []kind.Item
		miss  string
	}{
		"nothing expected": {kind.Expect{}, items, ""},
		"all there":        {kind.Expect{MinItems: 3, Fields: []kind.Share{{Field: "title", Least: 1}, {Field: "deadlines", Least: .6}, {Field: "published", Least: .6}}, MaxAge: 72 * time.Hour * 2}, items, ""},
		"too few":          {kind.Expect{MinItems: 4}, items, "3 items, fewer than the 4 of a healthy run"},
		"a field":          {kind.Expect{Fields: []kind.Share{{Field: "deadlines", Least: .8}}}, items, "2 of 3 items have deadlines, fewer than the 80 % of a healthy run"},
		"too old":          {kind.Expect{MaxAge: 48 * time.Hour}, items, "the newest item is of 2026-05-10, 3 days ago, older than the 2 days of a healthy run"},
		"no age":           {kind.Expect{MaxAge: 48 * time.Hour}, items[2:], "no item says when it was published, and the newest is expected to be at most 2 days old"},
		"none at all":      {kind.Expect{MaxAge: 48 * time.Hour, Fields: []kind.Share{{Field: "title", Least: 1}}}, nil, ""},
	} {
		got := ""
		for _, n := range missed(tc.want, tc.items, then) {
			got += n.Text
			if !n.Gap || n.Fault != kind.FaultExpected {
				t.Errorf("%s: %+v is no gap, or of another class", name, n)
			}
		}
		if got != tc.miss {
			t.Errorf("%s: %q, want %q", name, got, tc.miss)
		}
	}
}

package mail

import (
	"strings"
	"testing"
	"time"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		far     *far
		tls     string
		user    string
		step    string
		refusal answer
		want    string // of the error; empty: none
		secure  bool
		offered bool
	}{
		{name: "in the clear", far: listen(t), tls: "none"},
		{name: "in the clear though it offers better", far: listen(t, startTLS), tls: "none", offered: true},
		{name: "STARTTLS", far: listen(t, startTLS), tls: "starttls", secure: true},
		{name: "from the first byte", far: listen(t, fromStart), tls: "tls", secure: true},
		{name: "no STARTTLS", far: listen(t), tls: "starttls", want: "at connecting"},
		{name: "authenticated", far: listen(t, startTLS), tls: "starttls", user: "utkik", secure: true},
		{name: "refused", far: listen(t), tls: "none", step: "MAIL", refusal: reply(550, 5, 7, 1, "not from you"), want: "answers to MAIL FROM: 550"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.step != "" {
				tt.far.when(tt.step, "", tt.refusal)
			}
			s := tt.far.sender(func(c *Config) { c.TLS, c.Roots, c.Username, c.Password = tt.tls, tt.far.roots, tt.user, "hemlig" })
			p, err := s.Probe(t.Context())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if err != nil {
				return
			}
			if (p.TLS != "") != tt.secure || p.Offered != tt.offered || tt.secure && !p.Expires.After(time.Now()) {
				t.Errorf("got %+v", p)
			}
			if n := len(tt.far.received()); n != 0 {
				t.Errorf("%d mails came", n)
			}
		})
	}
	f := listen(t)
	s := f.sender(func(c *Config) { c.Port = 1 })
	if _, err := s.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1, at connecting") {
		t.Errorf("where nobody listens: %v", err)
	}
}

package mail

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"utkik/internal/outbox"
	"utkik/internal/outbox/outboxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSender(t *testing.T) {
	t.Parallel()
	for name, conf := range map[string]struct {
		option option
		tls    string
	}{"in the clear": {nil, "none"}, "auto without TLS": {nil, "auto"}, "auto": {startTLS, "auto"}, "starttls": {startTLS, "starttls"}, "tls": {fromStart, "tls"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outboxtest.TestSender(t, func(t *testing.T) outboxtest.Far {
				var options []option
				if conf.option != nil {
					options = append(options, conf.option)
				}
				f := listen(t, options...)
				s := f.sender(func(c *Config) {
					c.TLS = conf.tls
					if conf.option != nil {
						c.Username, c.Password = "utkik", "hemlig"
					}
				})
				return outboxtest.Far{Sender: s, Received: f.received, Answer: f.refuse}
			})
		})
	}
}

// kindOf sends a mail and tells what came of it.
func kindOf(t *testing.T, s *Sender, address string) string {
	t.Helper()
	_, err := s.Send(t.Context(), outboxtest.Message(address))
	var f *outbox.Failure
	switch {
	case err == nil:
		return "sent"
	case !errors.As(err, &f):
		t.Errorf("%s: %v is no Failure", address, err)
		return ""
	}
	return []string{"later", "bad address", "bad message", "no server"}[f.Kind] + ": " + f.Answer
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, step string
		answer     answer
		want       string
		sessions   int // that the server has seen after one more mail
	}{
		{"450", "RCPT", reply(450, 4, 2, 0, "greylisted"), "later: 127.0.0.1:PORT answers to RCPT TO: 450 4.2.0 greylisted", 1},
		{"451 after DATA", "DATA", reply(451, 4, 3, 0, "local error"), "later: 127.0.0.1:PORT answers to the end of DATA: 451 4.3.0 local error", 1},
		{"451 at MAIL", "MAIL", reply(451, 4, 3, 2, "not now"), "later: 127.0.0.1:PORT answers to MAIL FROM: 451 4.3.2 not now", 1},
		{"421 at RCPT", "RCPT", reply(421, 4, 3, 2, "going down"), "later: 127.0.0.1:PORT answers to RCPT TO: 421 4.3.2 going down", 2},
		{"550", "RCPT", reply(550, 5, 1, 1, "no such user"), "bad address: 127.0.0.1:PORT answers to RCPT TO: 550 5.1.1 no such user", 1},
		{"a full mailbox", "RCPT", reply(552, 5, 2, 2, "full"), "later: 127.0.0.1:PORT answers to RCPT TO: 552 5.2.2 full", 1},
		{"no relaying", "RCPT", reply(554, 5, 7, 1, "relay access denied"), "bad message: 127.0.0.1:PORT answers to RCPT TO: 554 5.7.1 relay access denied", 1},
		{"the sender is refused", "MAIL", reply(550, 5, 1, 8, "not from here"), "no server: 127.0.0.1:PORT answers to MAIL FROM: 550 5.1.8 not from here", 1},
		{"554 after DATA", "DATA", reply(554, 5, 6, 0, "spam"), "bad message: 127.0.0.1:PORT answers to the end of DATA: 554 5.6.0 spam", 1},
		{"dropped at RCPT", "RCPT", answer{drop: true}, "later: 127.0.0.1:PORT, at RCPT TO: EOF", 2},
		{"dropped after DATA", "DATA", answer{drop: true}, "later: 127.0.0.1:PORT, at the end of DATA: EOF", 2},
		{"dropped after it was taken", "TAKEN", answer{drop: true}, "later: 127.0.0.1:PORT, at the end of DATA: EOF", 2},
		{"a hang", "RCPT", answer{hang: true}, "later: 127.0.0.1:PORT, at RCPT TO: read tcp", 2},
		{"a hang after DATA", "DATA", answer{hang: true}, "later: 127.0.0.1:PORT, at the end of DATA: read tcp", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := listen(t)
			f.when(c.step, "", c.answer)
			s := f.sender(func(conf *Config) {
				conf.Connections = 1
				if c.answer.hang {
					conf.Timeout = 300 * time.Millisecond
				}
			})
			got := kindOf(t, s, "a@example.org")
			if want := strings.ReplaceAll(c.want, "PORT", fmt.Sprint(f.port)); !strings.HasPrefix(got, want) {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got := kindOf(t, s, "b@example.org"); got != "sent" {
				t.Errorf("the next mail: %s", got)
			}
			if f.sessions != c.sessions {
				t.Errorf("%d connections, want %d", f.sessions, c.sessions)
			}
		})
	}
}

// A connection that was closed between two mails is no fault of the second.
func TestStaleConnection(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{"421 in mid-pool": reply(421, 4, 4, 2, "idle for too long"), "closed": {drop: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := listen(t)
			s := f.sender(func(c *Config) { c.Connections = 1 })
			if got := kindOf(t, s, "a@example.org"); got != "sent" {
				t.Fatal(got)
			}
			f.when("MAIL", "", a)
			if got := kindOf(t, s, "b@example.org"); got != "sent" {
				t.Error(got)
			}
			if f.sessions != 2 || len(f.received()) != 2 {
				t.Errorf("%d connections, %d mails, want 2 and 2", f.sessions, len(f.received()))
			}
		})
	}
}

// Where the server takes fewer connections than are configured, those that it takes do the work.
func TestFewerConnections(t *testing.T) {
	t.Parallel()
	f := listen(t)
	f.atMost = 1
	s := f.sender(func(c *Config) { c.Connections = 4 })
	outcome := make(chan string, 20)
	for i := range 20 {
		go func() { outcome <- kindOf(t, s, fmt.Sprintf("a%d@example.org", i)) }()
	}
	for range 20 {
		if got := <-outcome; got != "sent" {
			t.Error(got)
		}
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	closed := listen(t)
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	} else {
		closed.port = l.Addr().(*net.TCPAddr).Port
		l.Close()
	}
	for _, c := range []struct {
		name   string
		far    *far
		change func(*Config)
		want   string
	}{
		{"nobody listens", closed, nil, "connection refused"},
		{"STARTTLS is not offered", listen(t), func(c *Config) { c.TLS = "starttls" }, "STARTTLS"},
		{"an unknown certificate", listen(t, startTLS), func(c *Config) { c.TLS, c.Roots = "starttls", nil }, "certificate"},
		{"no TLS at all", listen(t), func(c *Config) { c.TLS = "tls" }, "tls"},
		{"wrong password", listen(t, startTLS), func(c *Config) { c.TLS, c.Username, c.Password = "starttls", "utkik", "fel" }, "wrong password"},
		{"password in the clear", listen(t), func(c *Config) { c.TLS, c.Username, c.Password = "auto", "utkik", "hemlig" }, "127.0.0.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := c.far.sender(c.change)
			got := kindOf(t, s, "a@example.org")
			if !strings.HasPrefix(got, "no server: ") || !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %q", got, c.want)
			}
			if strings.Contains(got, "hemlig") || strings.Contains(got, "aGVtbGln") {
				t.Errorf("tells the password: %s", got)
			}
		})
	}
}

// A server that answers nobody costs a few time-outs, not one a mail.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	f := listen(t)
	for range 10 {
		f.when("RCPT", "", answer{hang: true})
	}
	s := f.sender(func(c *Config) { c.Connections, c.Timeout = 1, 200*time.Millisecond })
	var got []string
	for range 5 {
		kind, _, _ := strings.Cut(kindOf(t, s, "a@example.org"), ":")
		got = append(got, kind)
	}
	if diff := cmp.Diff([]string{"later", "later", "later", "no server", "no server"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	f := listen(t)
	s := f.sender(func(c *Config) { c.Rate = 50 })
	began := time.Now()
	for range 6 {
		if got := kindOf(t, s, "a@example.org"); got != "sent" {
			t.Fatal(got)
		}
	}
	if took := time.Since(began); took < 90*time.Millisecond {
		t.Errorf("6 mails at 50 a second took %s", took)
	}
}

func TestRender(t *testing.T) {
	t.Parallel()
	l := Letter{From: "Utkik på regionen <utkik@example.org>", ReplyTo: "eu@example.org", Unsubscribe: "sluta@example.org"}
	m := outboxtest.Message("kultur@example.org")
	m.Unsubscribe = "https://utkik.example.org/u/abc"
	m.HTML = "<p>" + strings.Repeat("långt ", 500) + "</p>"
	raw, err := l.Render(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := l.Render(m)
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("the same mail twice is not the same (%v)", err)
	}
	read, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	decoder := new(mime.WordDecoder)
	for name, want := range map[string]string{
		"From": `Utkik på regionen <utkik@example.org>`, "Reply-To": "<eu@example.org>", "Subject": m.Subject, "Message-Id": "<kultur.example.org@example.org>",
		"Date": "Wed, 13 May 2026 05:00:00 +0000", "List-Id": "Utkik <utkik.example.org>", "List-Unsubscribe": "<https://utkik.example.org/u/abc>, <mailto:sluta@example.org?subject=unsubscribe>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated", "Precedence": "bulk", "Content-Language": "sv", "Mime-Version": "1.0",
	} {
		got, err := decoder.DecodeHeader(read.Header.Get(name))
		if got != want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	to, err := read.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != m.Name || to[0].Address != m.Address {
		t.Errorf("To: %v, %v", to, err)
	}
	kind, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(read.Body, params["boundary"])
	for _, want := range []struct{ kind, body string }{{"text/plain; charset=UTF-8", m.Text}, {"text/html; charset=UTF-8", m.HTML}} {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if got := strings.ReplaceAll(string(body), "\r\n", "\n"); err != nil || strings.TrimRight(got, "\n") != strings.TrimRight(want.body, "\n") || p.Header.Get("Content-Type") != want.kind {
			t.Errorf("%v, %s:\n%q\nwant\n%q", err, p.Header.Get("Content-Type"), got, want.body)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("more than two parts: %v", err)
	}
	if !bytes.HasSuffix(Head(raw), []byte("\r\n\r\n")) || !bytes.HasPrefix(raw, Head(raw)) {
		t.Error("the head is not the beginning")
	}

	bare, err := (&Letter{From: "utkik@example.org", ListID: "eu.example.org"}).Render(&outbox.Message{ID: "x@example.org", Subject: "Hej", Text: "Hej\n"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"To: undisclosed-recipients:;\r\n", "List-Id: Utkik <eu.example.org>\r\n", "Content-Type: text/plain; charset=UTF-8\r\n"} {
		if !bytes.Contains(bare, []byte(want)) {
			t.Errorf("%q is missing in\n%s", want, bare)
		}
	}
	for _, not := range []string{"List-Unsubscribe", "Content-Language", "Reply-To"} {
		if bytes.Contains(bare, []byte(not)) {
			t.Errorf("%s is in\n%s", not, bare)
		}
	}
}

func TestDKIM(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	eight, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		block  *pem.Block
		record string
	}{
		"Ed25519": {&pem.Block{Type: "PRIVATE KEY", Bytes: eight}, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(ed.Public().(ed25519.PublicKey))},
		"RSA":     {&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(old)}, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&old.PublicKey))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ReadKey(pem.EncodeToMemory(c.block))
			if err != nil {
				t.Fatal(err)
			}
			f := listen(t)
			s := f.sender(func(conf *Config) { conf.DKIM = &DKIM{"example.org", "utkik", key} })
			m := outboxtest.Message("a@example.org")
			m.Unsubscribe = "https://utkik.example.org/u/abc"
			if _, err := s.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			found, err := dkim.VerifyWithOptions(bytes.NewReader(f.received()[0]), &dkim.VerifyOptions{LookupTXT: func(domain string) ([]string, error) {
				if domain != "utkik._domainkey.example.org" {
					return nil, fmt.Errorf("asked for %s", domain)
				}
				return []string{c.record}, nil
			}})
			if err != nil || len(found) != 1 || found[0].Err != nil {
				t.Fatalf("%v, %+v", err, found)
			}
			for _, want := range []string{"List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID"} {
				if !strings.Contains(strings.ToLower(strings.Join(found[0].HeaderKeys, " ")+" "), strings.ToLower(want)+" ") {
					t.Errorf("%s is not signed: %v", want, found[0].HeaderKeys)
				}
			}
		})
	}
	for _, text := range []string{"", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := ReadKey([]byte(text)); err == nil || !strings.Contains(err.Error(), "holds no private key") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A mail may be from another than the usual sender: then answers go to whom that one names, or to itself, and the signature is its domain's.
func TestFrom(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	usual := Letter{From: "Utkik <utkik@region.example>", ReplyTo: "svar@region.example"}
	for _, tt := range []struct {
		name, from, replyTo, domain string
		want, not                   []string
	}{
		{"the usual", "", "", "", []string{"From: \"Utkik\" <utkik@region.example>\r\n", "Reply-To: <svar@region.example>\r\n", "<utkik.region.example>", "d=region.example;"}, nil},
		{"another", "Berg <utkik@berg.example>", "", "", []string{"From: \"Berg\" <utkik@berg.example>\r\n", "<utkik.berg.example>", "d=berg.example;"}, []string{"region.example"}},
		{"with answers elsewhere", "utkik@berg.example", "svar@berg.example", "", []string{"From: <utkik@berg.example>\r\n", "Reply-To: <svar@berg.example>\r\n"}, []string{"region.example"}},
		{"signed by one for all", "utkik@berg.example", "", "region.example", []string{"From: <utkik@berg.example>\r\n", "d=region.example;"}, []string{"svar@"}},
	} {
		l := usual
		l.DKIM = &DKIM{Domain: tt.domain, Selector: "s", Key: key}
		raw, err := l.Render(&outbox.Message{ID: "x", Address: "anna@example.org", Subject: "Hej", Text: "Hej\n", From: tt.from, ReplyTo: tt.replyTo})
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range tt.want {
			if !strings.Contains(string(raw), w) {
				t.Errorf("%s: no %q in\n%s", tt.name, w, raw)
			}
		}
		for _, n := range tt.not {
			if strings.Contains(string(raw), n) {
				t.Errorf("%s: %q in\n%s", tt.name, n, raw)
			}
		}
	}
}

package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"utkik/internal/outbox"
)

// far is a real SMTP server on the loopback that can be told how to answer.
type far struct {
	t      testing.TB
	server *smtp.Server
	port   int
	roots  *x509.CertPool

	mu       sync.Mutex
	mails    [][]byte
	sessions int
	open     []*smtp.Conn
	steps    map[string][]answer // by step and address: what comes of it, once each; the empty address is any
	atMost   int                 // connections at the same time
	hung     chan struct{}       // a step that hangs does so until this is closed
}

// answer is an error of the server, or a drop of the connection, or silence.
type answer struct {
	err  error
	drop bool
	hang bool
}

func reply(code, class, subject, detail int, text string) answer {
	return answer{err: &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}}
}

type option func(*smtp.Server, *tls.Config)

func listen(t testing.TB, options ...option) *far {
	t.Helper()
	f := &far{t: t, steps: map[string][]answer{}, hung: make(chan struct{})}
	f.server = smtp.NewServer(f)
	f.server.Domain = "mail.example.org"
	f.server.AllowInsecureAuth = true
	f.server.ErrorLog = quiet{}
	conf := &tls.Config{Certificates: []tls.Certificate{f.certificate()}}
	for _, o := range options {
		o(f.server, conf)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.port = l.Addr().(*net.TCPAddr).Port
	if f.server.LMTP { // stands for TLS from the first byte
		f.server.LMTP, l = false, tls.NewListener(l, conf)
	}
	done := make(chan error, 1)
	go func() { done <- f.server.Serve(l) }()
	t.Cleanup(func() {
		f.mu.Lock()
		if f.hung != nil {
			close(f.hung)
			f.hung = nil
		}
		f.mu.Unlock()
		l.Close() // it may not have been served yet
		f.server.Close()
		<-done
	})
	return f
}

// The ways in which a server offers TLS.
func startTLS(s *smtp.Server, c *tls.Config)  { s.TLSConfig = c }
func fromStart(s *smtp.Server, _ *tls.Config) { s.LMTP = true }

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// certificate vouches for 127.0.0.1 by itself.
func (f *far) certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		f.t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		f.t.Fatal(err)
	}
	f.roots = x509.NewCertPool()
	f.roots.AddCert(made)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// sender makes a sender to the server.
func (f *far) sender(change func(*Config)) *Sender {
	f.t.Helper()
	c := Config{Letter: Letter{From: "Utkik <utkik@example.org>"}, Host: "127.0.0.1", Port: f.port, TLS: "none", Roots: f.roots, Connections: 2, Timeout: 10 * time.Second}
	if change != nil {
		change(&c)
	}
	s, err := New(c)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { s.Close() })
	return s
}

// when makes the server answer so at a step, once.
func (f *far) when(step, address string, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps[step+" "+address] = append(f.steps[step+" "+address], a)
}

func (f *far) received() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.mails)
}

func (f *far) NewSession(c *smtp.Conn) (smtp.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions++
	f.open = append(f.open, c)
	if f.atMost > 0 && len(f.open) > f.atMost {
		f.open = f.open[:len(f.open)-1]
		return nil, &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 7, 0}, Message: "too many connections"}
	}
	return &conversation{far: f, conn: c}, nil
}

type conversation struct {
	far  *far
	conn *smtp.Conn
	to   string
}

func (c *conversation) answer(step string) error {
	f := c.far
	f.mu.Lock()
	var a answer
	for _, key := range []string{step + " " + c.to, step + " "} {
		if list := f.steps[key]; len(list) > 0 {
			a, f.steps[key] = list[0], list[1:]
			break
		}
	}
	hung := f.hung
	f.mu.Unlock()
	switch {
	case a.hang && hung != nil:
		<-hung
	case a.drop:
		c.conn.Conn().Close()
	}
	return a.err
}

func (c *conversation) AuthMechanisms() []string { return []string{sasl.Plain} }
func (c *conversation) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "utkik" || password != "hemlig" {
			return errors.New("wrong password")
		}
		return nil
	}), nil
}
func (c *conversation) Mail(string, *smtp.MailOptions) error { c.to = ""; return c.answer("MAIL") }
func (c *conversation) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	return c.answer("RCPT")
}
func (c *conversation) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := c.answer("DATA"); err != nil {
		return err
	}
	c.far.mu.Lock()
	c.far.mails = append(c.far.mails, bytes.Clone(b))
	c.far.mu.Unlock()
	return c.answer("TAKEN") // the mail is taken, whatever is said now
}
func (c *conversation) Reset() {}
func (c *conversation) Logout() error {
	c.far.mu.Lock()
	defer c.far.mu.Unlock()
	c.far.open = slices.DeleteFunc(c.far.open, func(o *smtp.Conn) bool { return o == c.conn })
	return nil
}

// refuse is the server's answer that means a kind of failure.
func (f *far) refuse(address string, kind outbox.Kind) {
	switch kind {
	case outbox.BadAddress:
		f.when("RCPT", address, reply(550, 5, 1, 1, "no such user"))
	case outbox.BadMessage:
		f.when("DATA", address, reply(554, 5, 6, 0, "the content is refused"))
	default:
		f.when("RCPT", address, reply(450, 4, 2, 0, "greylisted, try again"))
	}
}

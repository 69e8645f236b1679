// Package mail hands mails to an SMTP server: a sender of the outbox. It alone knows go-mail, which speaks TLS and
// authentication; the steps of handing over are taken here, because what a refusal means depends on the step. A server
// that refuses MAIL FROM refuses us, at RCPT TO it refuses the reader, and after DATA the mail.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
	"golang.org/x/time/rate"

	"utkik/internal/outbox"
)

// Config is the server, and how it is spoken to.
type Config struct {
	Letter
	Host        string
	Port        int
	Username    string // empty: without authentication
	Password    string
	TLS         string         // auto: STARTTLS where it is offered; starttls: or not at all; tls: from the first byte; none
	Roots       *x509.CertPool // who may vouch for the server; nil: who the system trusts
	Connections int            // at the same time
	Timeout     time.Duration  // of connecting, and of each step
	Rate        float64        // mails a second at most; 0: as fast as the server takes them
}

// Sender sends over a pool of connections, which stay open between mails.
type Sender struct {
	conf   Config
	client *gomail.Client
	from   string        // the bare address
	slots  chan *session // one for each connection; nil where none is open
	open   atomic.Int32  // slots that there are
	broken atomic.Int32  // connections in a row that broke, or were not answered on
	limit  *rate.Limiter
}

// session is one open connection.
type session struct {
	smtp *smtp.Client
	used bool // a mail was handed over; the server may have closed it since
}

// maxBroken is after how many broken connections in a row the server counts as gone: each costs a time-out, and thousands of
// mails may wait.
const maxBroken = 3

// New makes a sender. It connects when the first mail is sent.
func New(c Config) (*Sender, error) {
	from, err := netmail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("mail.from %q: %v", c.From, err)
	}
	conf := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12, RootCAs: c.Roots}
	options := []gomail.Option{gomail.WithTimeout(c.Timeout), gomail.WithTLSConfig(conf), gomail.WithoutSMTPUTF8()}
	switch c.TLS {
	case "tls":
		options = append(options, gomail.WithSSL())
	case "starttls":
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case "none":
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	options = append(options, gomail.WithPort(c.Port))
	if c.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.Username), gomail.WithPassword(c.Password))
	}
	client, err := gomail.NewClient(c.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("mail server %s: %v", c.Host, err)
	}
	s := &Sender{conf: c, client: client, from: from.Address, slots: make(chan *session, max(1, c.Connections))}
	for range cap(s.slots) {
		s.slots <- nil
	}
	s.open.Store(int32(cap(s.slots)))
	if c.Rate > 0 {
		s.limit = rate.NewLimiter(rate.Limit(c.Rate), 1)
	}
	return s, nil
}

// Close says goodbye on the connections that are open.
func (s *Sender) Close() error {
	for range s.open.Load() {
		if c := <-s.slots; c != nil {
			c.close()
		}
		s.slots <- nil
	}
	return nil
}

// close says goodbye as far as the server listens; what was sent is sent.
func (c *session) close() {
	_ = c.smtp.Quit()
	_ = c.smtp.Close()
}

// Send hands one mail over.
func (s *Sender) Send(ctx context.Context, m *outbox.Message) (outbox.Receipt, error) {
	var none outbox.Receipt
	if a, err := netmail.ParseAddress(m.Address); err != nil || a.Address != m.Address || strings.ContainsAny(m.Address, " \t\r\n") {
		return none, &outbox.Failure{Kind: outbox.BadAddress, Answer: fmt.Sprintf("%q is no address", m.Address)}
	}
	raw, err := s.conf.Render(m)
	if err != nil {
		return none, &outbox.Failure{Kind: outbox.BadMessage, Answer: err.Error()}
	}
	if s.limit != nil {
		if err := s.limit.Wait(ctx); err != nil {
			return none, &outbox.Failure{Kind: outbox.NoServer, Answer: err.Error()}
		}
	}
	c, refused := s.take(ctx)
	if refused != nil {
		return none, refused
	}
	answer, f := s.hand(c, m.Address, raw)
	if f != nil && c.used && f.stale() {
		// The server had closed a connection that was open for long, or closes it now: the mail was not tried.
		c.close()
		if c, f = s.dial(ctx); f != nil {
			s.slots <- nil
			return none, f.Failure
		}
		answer, f = s.hand(c, m.Address, raw)
	}
	if f != nil {
		if f.broke || f.code == 421 {
			c.close()
			c = nil
		} else if err := c.smtp.Reset(); err != nil {
			c.close()
			c = nil
		}
		s.slots <- c
		if f.broke && !f.after {
			s.broken.Add(1)
		} else {
			s.broken.Store(0)
		}
		return none, f.Failure
	}
	c.used = true
	s.broken.Store(0)
	s.slots <- c
	return outbox.Receipt{Answer: answer, Head: Head(raw), Hash: Hash(raw)}, nil
}

// take gives a connection that nobody uses. Where the server takes fewer than the pool would open, the pool becomes smaller.
func (s *Sender) take(ctx context.Context) (*session, *outbox.Failure) {
	for {
		if s.broken.Load() >= maxBroken {
			return nil, &outbox.Failure{Kind: outbox.NoServer, Answer: fmt.Sprintf("%s broke off, or did not answer within %s, on %d connections in a row", s.conf.Host, s.conf.Timeout, maxBroken)}
		}
		var c *session
		select {
		case c = <-s.slots:
		case <-ctx.Done():
			return nil, &outbox.Failure{Kind: outbox.NoServer, Answer: ctx.Err().Error()}
		}
		if c != nil {
			return c, nil
		}
		c, f := s.dial(ctx)
		switch {
		case f == nil:
			return c, nil
		case f.code/100 == 4 && s.open.Add(-1) > 0:
			continue // it takes no more, and the others go on
		case f.code/100 == 4:
			s.open.Add(1)
		}
		s.slots <- nil
		return nil, f.Failure
	}
}

// failure is a failure with what led to it.
type failure struct {
	*outbox.Failure
	code  int
	broke bool // the connection, not the mail
	after bool // the whole mail had been handed over: perhaps it was taken
}

// stale tells whether the connection was gone before the mail was tried.
func (f *failure) stale() bool { return !f.after && (f.broke || f.code == 421) }

func (s *Sender) dial(ctx context.Context) (*session, *failure) {
	c, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		f := s.failure("connecting", err)
		f.Kind = outbox.NoServer
		return nil, f
	}
	return &session{smtp: c}, nil
}

// hand takes the steps of handing over a mail.
func (s *Sender) hand(c *session, address string, raw []byte) (string, *failure) {
	step := func(name string, err error, kind func(code int, enhanced string) outbox.Kind) *failure {
		f := s.failure(name, err)
		if f.code/100 == 5 {
			f.Kind = kind(f.code, enhanced(err))
		}
		return f
	}
	if err := c.smtp.UpdateDeadline(s.conf.Timeout); err != nil {
		return "", step("MAIL FROM", err, us)
	}
	if err := c.smtp.Mail("<" + s.from + ">"); err != nil {
		return "", step("MAIL FROM", err, us)
	}
	if err := c.smtp.Rcpt("<" + address + ">"); err != nil {
		return "", step("RCPT TO", err, reader)
	}
	if err := data(c.smtp.Text); err != nil {
		return "", step("DATA", err, text)
	}
	if err := c.smtp.UpdateDeadline(s.conf.Timeout); err != nil {
		return "", step("DATA", err, text)
	}
	if err := write(c.smtp.Text, raw); err != nil {
		return "", step("DATA", err, text)
	}
	_, answer, err := c.smtp.Text.ReadResponse(250)
	if err != nil {
		f := step("the end of DATA", err, text)
		f.after = true
		return "", f
	}
	return "250 " + answer, nil
}

// data asks to send a mail's bytes. [smtp.Client.Data] would take them one by one, which is a third of the work of sending.
func data(t *textproto.Conn) error {
	id, err := t.Cmd("DATA")
	if err != nil {
		return err
	}
	t.StartResponse(id)
	defer t.EndResponse(id)
	_, _, err = t.ReadResponse(354)
	return err
}

// write sends a mail whose lines end with CRLF, and the dot that ends it. A line that begins with a dot gets another.
func write(t *textproto.Conn, raw []byte) error {
	end := ".\r\n"
	if !bytes.HasSuffix(raw, []byte("\r\n")) {
		end = "\r\n.\r\n"
	}
	if bytes.HasPrefix(raw, []byte(".")) || bytes.Contains(raw, []byte("\n.")) {
		raw = bytes.ReplaceAll(raw, []byte("\n."), []byte("\n.."))
		if raw[0] == '.' {
			raw = append([]byte("."), raw...)
		}
	}
	if _, err := t.W.Write(raw); err != nil {
		return err
	}
	if _, err := t.W.WriteString(end); err != nil {
		return err
	}
	return t.W.Flush()
}

// What a refusal for good means, by the step.

func us(int, string) outbox.Kind { return outbox.NoServer }

func text(int, string) outbox.Kind { return outbox.BadMessage }

// reader: a full mailbox is emptied some day. What is a matter of policy (5.7.x), such as relaying, is not the address's
// fault, and 530 says that we should have authenticated ourselves.
func reader(code int, enhanced string) outbox.Kind {
	switch {
	case code == 552 || strings.HasPrefix(enhanced, "5.2.2"):
		return outbox.Later
	case code == 530 || code == 535:
		return outbox.NoServer
	case strings.HasPrefix(enhanced, "5.7."):
		return outbox.BadMessage
	}
	return outbox.BadAddress
}

// enhanced is the status code of RFC 3463 with which an answer begins, if it has one.
func enhanced(err error) string {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimSpace(reply.Msg), " ")
	if strings.Count(first, ".") != 2 {
		return ""
	}
	return first
}

// failure says what an error is; for now it is one that passes.
func (s *Sender) failure(step string, err error) *failure {
	f := &failure{Failure: &outbox.Failure{Kind: outbox.Later}}
	var reply *textproto.Error
	if errors.As(err, &reply) {
		f.code = reply.Code
		f.Answer = fmt.Sprintf("%s:%d answers to %s: %d %s", s.conf.Host, s.conf.Port, step, reply.Code, line(reply.Msg, 500))
		return f
	}
	f.broke = true
	f.Answer = fmt.Sprintf("%s:%d, at %s: %v", s.conf.Host, s.conf.Port, step, err)
	return f
}

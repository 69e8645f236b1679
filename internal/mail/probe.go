package mail

import (
	"context"
	"crypto/tls"
	"time"
)

// Probe is what a mail server said when it was asked whether it would take mail from us.
type Probe struct {
	Hello   string    // with what it greeted
	TLS     string    // version, such as TLS 1.3; empty: in the clear
	Expires time.Time // of its certificate; zero in the clear
	Offered bool      // it offers STARTTLS, and the connection is in the clear all the same
}

// Probe connects as for sending, with TLS and authentication as configured, and asks whether the server takes mail from the
// sender. No mail is begun. An error is a *[outbox.Failure] with the step at which it stopped.
func (s *Sender) Probe(ctx context.Context) (Probe, error) {
	var p Probe
	c, f := s.dial(ctx)
	if f != nil {
		return p, f.Failure
	}
	defer c.close()
	p.Hello = line(c.smtp.HelloResponse(), 200)
	if state, ok := c.smtp.TLSConnectionState(); ok {
		p.TLS = tls.VersionName(state.Version)
		if len(state.PeerCertificates) > 0 {
			p.Expires = state.PeerCertificates[0].NotAfter
		}
	} else {
		p.Offered, _ = c.smtp.Extension("STARTTLS")
	}
	if err := c.smtp.UpdateDeadline(s.conf.Timeout); err != nil {
		return p, s.failure("MAIL FROM", err).Failure
	}
	if err := c.smtp.Mail("<" + s.from + ">"); err != nil {
		return p, s.failure("MAIL FROM", err).Failure
	}
	if err := c.smtp.Reset(); err != nil {
		return p, s.failure("RSET", err).Failure
	}
	return p, nil
}

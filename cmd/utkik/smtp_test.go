package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/mail"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"
)

// sink is a real SMTP server that keeps what it is sent.
type sink struct {
	port   int
	server *smtp.Server
	close  func()

	mu      sync.Mutex
	mails   []taken
	answers []answer    // to RCPT, once each
	told    int         // mails that a script has asked about
	each    func(n int) // called with the number of mails that have come, before the last is answered
}

// answer is what the server says to the next mail for an address; mails go over several connections, in no order.
type answer struct {
	to string // empty: whoever comes next
	*smtp.SMTPError
}

// taken is one mail as it came.
type taken struct {
	id, to string
	raw    []byte
}

// newSink listens at an address of this machine.
func newSink(host string) (*sink, error) {
	s := &sink{}
	s.server = smtp.NewServer(s)
	s.server.Domain = "mail.example.org"
	s.server.ErrorLog = quiet{}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	done := make(chan error, 1)
	go func() { done <- s.server.Serve(l) }()
	s.close = func() {
		l.Close()
		s.server.Close()
		<-done
	}
	return s, nil
}

// quiet says nothing of clients that were killed.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

func (s *sink) NewSession(*smtp.Conn) (smtp.Session, error) { return &letterbox{sink: s}, nil }

type letterbox struct {
	sink *sink
	to   string
}

func (b *letterbox) Mail(string, *smtp.MailOptions) error { return nil }

func (b *letterbox) Rcpt(to string, _ *smtp.RcptOptions) error {
	s := b.sink
	s.mu.Lock()
	defer s.mu.Unlock()
	b.to = to
	i := slices.IndexFunc(s.answers, func(a answer) bool { return a.to == "" || a.to == to })
	if i < 0 {
		return nil
	}
	said := s.answers[i].SMTPError
	s.answers = slices.Delete(s.answers, i, i+1)
	return said
}

func (b *letterbox) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err // the client was killed before it had said all: nothing came
	}
	read, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	b.sink.mu.Lock()
	defer b.sink.mu.Unlock()
	b.sink.mails = append(b.sink.mails, taken{read.Header.Get("Message-Id"), b.to, raw})
	if b.sink.each != nil {
		b.sink.each(len(b.sink.mails))
	}
	return nil
}

func (b *letterbox) Reset()        {}
func (b *letterbox) Logout() error { return nil }

// came gives the mails that have come.
func (s *sink) came() []taken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

func (s *stage) smtp(ts *testscript.TestScript, args []string) {
	if s.sink == nil {
		var err error
		s.sink, err = newSink("127.0.0.1")
		ts.Check(err)
		ts.Defer(s.sink.close)
		ts.Setenv("SMTP", strconv.Itoa(s.sink.port))
	}
	if len(args) == 0 {
		return
	}
	code, err := strconv.Atoi(args[0])
	if err != nil || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: smtp [code text [address]]")
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	a := answer{SMTPError: &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: args[1]}}
	if len(args) == 3 {
		a.to = args[2]
	}
	s.sink.answers = append(s.sink.answers, a)
}

func (s *stage) mails(ts *testscript.TestScript, args []string) {
	if s.sink == nil || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: smtp, then: mails n [file]")
	}
	s.sink.mu.Lock()
	defer s.sink.mu.Unlock()
	came := s.sink.mails[s.sink.told:]
	s.sink.told = len(s.sink.mails)
	if args[0] != strconv.Itoa(len(came)) {
		var to []string
		for _, m := range came {
			to = append(to, fmt.Sprintf("%s %s", m.to, m.id))
		}
		ts.Fatalf("%d mails came, want %s\n%s", len(came), args[0], strings.Join(to, "\n"))
	}
	if len(args) == 2 {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), came[len(came)-1].raw, 0o644))
	}
}

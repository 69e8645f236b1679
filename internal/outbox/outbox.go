// Package outbox sends what was written to the store's outbox: each mail once. A mail is taken, handed to a [Sender], and
// what came of it is recorded. A program that dies between the server's answer and the record sends that mail again, under
// the same Message-ID, by which mail programs know the second for the first; otherwise nothing is sent twice.
//
// What a failure means decides what happens (see [Kind]): a mail that is refused for now is tried again after a while, an
// address that is refused for good is suspended, and where the server itself fails everything waits.
package outbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"utkik/internal/store"
)

// Message is a mail as a sender is handed it.
type Message struct {
	ID          string // Message-ID, without angle brackets
	Kind        string // digest, lifesign, ...
	Address     string
	Name        string // of whom Address belongs to
	Language    string // BCP 47
	Date        time.Time
	Subject     string
	Text        string
	HTML        string
	Unsubscribe string // https address at which one POST ends the mails; empty when there is none
	From        string // in place of the sender's usual; empty: that
	ReplyTo     string // likewise, where there is a From
}

// Receipt is what a server said when it took a mail, and what it took.
type Receipt struct {
	Answer string
	Head   []byte // the header, with the empty line that ends it
	Hash   string // SHA-256 of the whole mail, hexadecimal
}

// Sender hands a mail to a server. It may be called by several at the same time. An error is a *[Failure].
type Sender interface {
	Send(ctx context.Context, m *Message) (Receipt, error)
}

// Kind is what a failure means for the mails.
type Kind int

// The kinds of failure.
const (
	Later      Kind = iota // this mail, for now: the server was busy, or the connection broke, perhaps after it was taken
	BadAddress             // this address, for good
	BadMessage             // this mail, for good
	NoServer               // all mails: there is no server, or it takes none from us
)

// Failure says why a mail was not sent.
type Failure struct {
	Kind   Kind
	Answer string // the server's, or what went wrong
}

func (f *Failure) Error() string { return f.Answer }

// MessageID gives the Message-ID of the mail that is written under a key. The same key always gets the same.
func MessageID(k store.MailKey, domain string) string {
	sum := sha256.Sum256([]byte(k.Recipient + "\x00" + k.Period))
	return hex.EncodeToString(sum[:16]) + "@" + domain
}

// Options is what sending needs.
type Options struct {
	Store   *store.Store
	Sender  Sender
	Now     func() time.Time
	Log     *slog.Logger
	Workers int // mails that are handed over at the same time

	// Unsubscribe gives the https address at which one POST ends a recipient's mails; nil when there is none.
	Unsubscribe func(store.Mail) string
	// Fill puts into a text or HTML what is one recipient's own, such as signed links; nil when there is nothing. Of
	// the same mail it must always make the same, so that what was sent can be shown again.
	Fill func(m store.Mail, body string) string
	// From gives who a mail is from and where answers to it go; nil, or empty: the sender's usual.
	From func(store.Mail) (from, replyTo string)
}

// Report is what came of sending.
type Report struct {
	Sent      int
	Again     int    // of those taken: that a program which died had taken before
	Later     int    // to be tried again
	Refused   int    // for good
	Suspended int    // with their address
	Stopped   string // why the rest was left queued; empty when nothing was left
}

// backoff is how long a mail waits after its nth try. Greylisting lets it in after minutes; what lasts longer is
// mended by people.
func backoff(tries int) time.Duration {
	steps := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}
	return steps[min(max(tries, 1), len(steps))-1]
}

const (
	maxTries     = 20            // by [backoff] four days, after which other mail servers give up too
	serverNotice = "mail:server" // key of the notice that nothing can be sent
	takeAtOnce   = 64            // mails for each worker
	recordAtOnce = 256
)

// Send sends what is due, and ends. When the context ends, mails that are being handed over are finished.
func Send(ctx context.Context, o Options) (Report, error) {
	var r Report
	release, again, err := o.Store.HoldOutbox(ctx)
	if err != nil {
		return r, err
	}
	r.Again = again
	s := &sending{Options: o, report: &r, contents: map[string]store.Content{}}
	err = s.run(ctx)
	return r, errors.Join(err, release())
}

// sending is one run of [Send].
type sending struct {
	Options
	report *Report

	mu       sync.Mutex
	contents map[string]store.Content // the latest, by hash
}

func (s *sending) run(ctx context.Context) error {
	for {
		mails, err := s.Store.TakeMails(ctx, s.Now(), max(1, s.Workers)*takeAtOnce)
		if err != nil || len(mails) == 0 {
			return err
		}
		if err := s.batch(ctx, mails); err != nil {
			return err
		}
		switch {
		case ctx.Err() != nil:
			s.report.Stopped = "interrupted"
			return nil
		case s.report.Stopped != "":
			return nil
		}
	}
}

// batch hands mails over, several at a time, and records what came of each as soon as it is known.
func (s *sending) batch(ctx context.Context, mails []store.Mail) error {
	feed := make(chan store.Mail)
	done := make(chan result, recordAtOnce)
	stop := make(chan struct{}) // closed when the server fails, or the record
	halt := sync.OnceFunc(func() { close(stop) })

	var workers sync.WaitGroup
	for range max(1, s.Workers) {
		workers.Go(func() {
			for m := range feed {
				out, server := s.hand(context.WithoutCancel(ctx), m)
				if server != "" {
					s.mu.Lock()
					s.report.Stopped = server
					s.mu.Unlock()
					halt()
				}
				known := make(chan struct{})
				done <- result{out, known}
				<-known // no further mail is handed over before it is known what came of this one
			}
		})
	}
	recorded := make(chan error, 1)
	go func() { recorded <- s.record(context.WithoutCancel(ctx), done, halt) }()

	for _, m := range mails {
		left := result{Outcome: store.Outcome{Mail: m.MailKey, At: s.Now(), Untried: true}}
		select {
		case <-stop:
			done <- left
			continue
		case <-ctx.Done():
			done <- left
			continue
		default:
		}
		select {
		case feed <- m:
		case <-stop:
			done <- left
		case <-ctx.Done():
			done <- left
		}
	}
	close(feed)
	workers.Wait()
	close(done)
	return <-recorded
}

// result is an outcome, and whom to tell when it is recorded.
type result struct {
	store.Outcome
	recorded chan struct{} // nil: nobody
}

// record keeps outcomes, in one transaction as many as have come since the last. Between a server's answer and its
// record are no more mails than there are workers.
func (s *sending) record(ctx context.Context, done <-chan result, halt func()) error {
	var failed error
	var tell []chan struct{}
	batch := make([]store.Outcome, 0, recordAtOnce)
	take := func(r result) {
		batch = append(batch, r.Outcome)
		if r.recorded != nil {
			tell = append(tell, r.recorded)
		}
	}
	for first := range done {
		batch, tell = batch[:0], tell[:0]
		take(first)
	more:
		for len(batch) < cap(batch) {
			select {
			case next, ok := <-done:
				if !ok {
					break more
				}
				take(next)
			default:
				break more
			}
		}
		if failed == nil {
			failed = s.Store.RecordMails(ctx, batch)
			if failed == nil {
				failed = s.count(ctx, batch)
			}
			if failed != nil { // what was sent and cannot be recorded stays taken, and is sent again by who comes next
				halt()
			}
		}
		for _, c := range tell {
			close(c)
		}
	}
	return failed
}

func (s *sending) count(ctx context.Context, batch []store.Outcome) error {
	sent := 0
	for _, o := range batch {
		switch {
		case o.Untried:
		case o.State == store.MailSent:
			sent++
		case o.State == store.MailQueued:
			s.report.Later++
		case o.State == store.MailSuspended:
			s.report.Suspended++
		default:
			s.report.Refused++
		}
	}
	if sent > 0 && s.report.Sent == 0 {
		if err := s.Store.MendNotice(ctx, serverNotice, s.Now()); err != nil {
			return err
		}
	}
	s.report.Sent += sent
	return nil
}

// hand hands one mail over. server says why there is no use in trying others.
func (s *sending) hand(ctx context.Context, m store.Mail) (out store.Outcome, server string) {
	out = store.Outcome{Mail: m.MailKey, Address: m.Address, State: store.MailSent}
	var receipt Receipt
	message, err := s.message(ctx, m)
	if err == nil {
		receipt, err = s.Sender.Send(ctx, message)
	}
	out.At = s.Now()
	if err == nil {
		out.Answer, out.Head, out.Hash = receipt.Answer, receipt.Head, receipt.Hash
		return out, ""
	}
	var f *Failure
	if !errors.As(err, &f) {
		f = &Failure{Later, err.Error()}
	}
	out.Answer = f.Answer
	switch f.Kind {
	case NoServer:
		out.Untried = true
		if err := s.Store.RaiseNotice(ctx, serverNotice, "no mail can be sent: "+f.Answer+"; look at the keys of mail in the configuration, and at the server", out.At); err != nil {
			s.Log.ErrorContext(ctx, "the operator's notice cannot be kept", "err", err)
		}
		return out, f.Answer
	case BadAddress:
		out.State = store.MailSuspended
		command, key := "utkik", m.MailKey
		if org, own := store.MailOf(key); org != "" {
			command, key = "utkik --organisation "+org, own
		}
		out.Notice = fmt.Sprintf("%s is refused for good: %s; mend the address, or let it again with `%s recipients resume %s`", m.Address, f.Answer, command, key.Recipient)
	case BadMessage:
		out.State = store.MailRefused
		out.Notice = fmt.Sprintf("the mail %s to %s is refused for good: %s; `utkik outbox show %s` has it, and `utkik outbox send --again %s` tries it once more", m.MailKey, m.Address, f.Answer, m.MailKey, m.MailKey)
	case Later:
		out.State, out.Due = store.MailQueued, out.At.Add(backoff(m.Tries))
		if m.Tries >= maxTries {
			out.State = store.MailRefused
			out.Notice = fmt.Sprintf("the mail %s to %s could not be sent in %d tries: %s; `utkik outbox send --again %s` tries it once more", m.MailKey, m.Address, m.Tries, f.Answer, m.MailKey)
		}
	}
	s.Log.WarnContext(ctx, "mail not sent", "mail", m.MailKey.String(), "state", string(out.State), "err", f.Answer)
	return out, ""
}

func (s *sending) message(ctx context.Context, m store.Mail) (*Message, error) {
	c, err := s.content(ctx, m.Content)
	if err != nil {
		return nil, err
	}
	out := Compose(m, c, s.Unsubscribe, s.Fill)
	if s.From != nil {
		out.From, out.ReplyTo = s.From(m)
	}
	return out, nil
}

// Compose makes the message of a mail, the same each time.
func Compose(m store.Mail, c store.Content, unsubscribe func(store.Mail) string, fill func(store.Mail, string) string) *Message {
	out := &Message{ID: m.MessageID, Kind: m.Kind, Address: m.Address, Name: m.Name, Language: m.Language, Date: m.Written, Subject: c.Subject, Text: c.Text, HTML: c.HTML}
	if fill != nil {
		out.Text, out.HTML = fill(m, c.Text), fill(m, c.HTML)
	}
	if unsubscribe != nil {
		out.Unsubscribe = unsubscribe(m)
	}
	return out
}

// maxContents is how many contents are kept at hand: mails of one content stand beside each other only by chance.
const maxContents = 64

func (s *sending) content(ctx context.Context, hash string) (store.Content, error) {
	s.mu.Lock()
	c, ok := s.contents[hash]
	s.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := s.Store.Content(ctx, hash)
	if err != nil {
		return c, err
	}
	s.mu.Lock()
	if len(s.contents) >= maxContents {
		clear(s.contents)
	}
	s.contents[hash] = c
	s.mu.Unlock()
	return c, nil
}

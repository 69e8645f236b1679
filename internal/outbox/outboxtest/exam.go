// Package outboxtest is the exam that every sender of the outbox passes.
package outboxtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"utkik/internal/outbox"
)

// Far is the far end that a sender sends to.
type Far struct {
	Sender   outbox.Sender
	Received func() [][]byte                        // whole mails, in the order in which they came
	Answer   func(address string, kind outbox.Kind) // makes the far end refuse an address so, the next time only
}

// Message is a mail for the exam.
func Message(address string) *outbox.Message {
	return &outbox.Message{
		ID: strings.ReplaceAll(address, "@", ".") + "@example.org", Kind: "digest", Address: address, Name: "Kultur, \"Hälsa\" & idrott", Language: "sv",
		Date: time.Date(2026, 5, 13, 5, 0, 0, 0, time.UTC), Subject: "3 nya utlysningar, 1 flyttad sista dag – Kultur, 13 maj",
		Text: "Utlysningar för länet.\n.\n..punkter i början av en rad\n", HTML: "<!DOCTYPE html><html lang=\"sv\"><p>Utlysningar f\u00f6r l\u00e4net.</p></html>\n",
	}
}

// TestSender holds a sender to what the outbox relies on. open makes one, with a far end of its own.
func TestSender(t *testing.T, open func(t *testing.T) Far) {
	t.Run("takes", func(t *testing.T) {
		far := open(t)
		m := Message("a@example.org")
		r, err := far.Sender.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		got := far.Received()
		if len(got) != 1 {
			t.Fatalf("%d mails came", len(got))
		}
		read, err := mail.ReadMessage(bytes.NewReader(got[0]))
		if err != nil || read.Header.Get("Message-Id") != "<"+m.ID+">" {
			t.Errorf("%v, Message-ID %q", err, read.Header.Get("Message-Id"))
		}
		sum := sha256.Sum256(got[0])
		if r.Hash != hex.EncodeToString(sum[:]) || !bytes.HasPrefix(got[0], r.Head) || !bytes.HasSuffix(r.Head, []byte("\r\n\r\n")) {
			t.Errorf("the receipt is of another mail than came:\n%q\n%q", r.Head, got[0])
		}
		if bytes.Count(got[0], []byte("\n")) != bytes.Count(got[0], []byte("\r\n")) {
			t.Errorf("lines that do not end with CRLF:\n%q", got[0])
		}
	})
	t.Run("the same twice", func(t *testing.T) {
		far := open(t)
		one, err := far.Sender.Send(t.Context(), Message("a@example.org"))
		two, again := far.Sender.Send(t.Context(), Message("a@example.org"))
		if err := errors.Join(err, again); err != nil {
			t.Fatal(err)
		}
		if one.Hash != two.Hash || !bytes.Equal(one.Head, two.Head) {
			t.Error("a mail that is sent again is another mail")
		}
	})
	t.Run("failures", func(t *testing.T) {
		far := open(t)
		for _, kind := range []outbox.Kind{outbox.Later, outbox.BadAddress, outbox.BadMessage} {
			far.Answer("refused@example.org", kind)
			var f *outbox.Failure
			if _, err := far.Sender.Send(t.Context(), Message("refused@example.org")); !errors.As(err, &f) || f.Kind != kind || f.Answer == "" {
				t.Errorf("kind %d: got %#v", kind, err)
			}
			if _, err := far.Sender.Send(t.Context(), Message("b@example.org")); err != nil {
				t.Errorf("after kind %d: another mail: %v", kind, err)
			}
		}
		if n := len(far.Received()); n != 3 {
			t.Errorf("%d mails came, want 3", n)
		}
	})
	t.Run("addresses that are none", func(t *testing.T) {
		far := open(t)
		for _, address := range []string{"a@example.org\r\nBcc: b@example.org", "a@example.org\n", "a b@example.org", ""} {
			var f *outbox.Failure
			if _, err := far.Sender.Send(t.Context(), Message(address)); !errors.As(err, &f) || f.Kind != outbox.BadAddress {
				t.Errorf("%q: got %#v", address, err)
			}
		}
		if n := len(far.Received()); n != 0 {
			t.Errorf("%d mails came", n)
		}
	})
	t.Run("hostile words", func(t *testing.T) {
		far := open(t)
		m := Message("a@example.org")
		m.Subject = "Utlysning\r\nBcc: b@example.org\r\n\r\n<script>" + strings.Repeat("å", 4000)
		m.Name = "Kultur\r\nBcc: c@example.org"
		if _, err := far.Sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		read, err := mail.ReadMessage(bytes.NewReader(far.Received()[0]))
		if err != nil || read.Header.Get("Bcc") != "" || read.Header.Get("Subject") == "" {
			t.Errorf("%v, header %v", err, read.Header)
		}
		for line := range bytes.Lines(far.Received()[0]) {
			if len(line) > 1000 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
	})
	t.Run("side by side", func(t *testing.T) {
		far := open(t)
		const n = 40
		var all sync.WaitGroup
		errs := make([]error, n)
		for i := range n {
			all.Go(func() { _, errs[i] = far.Sender.Send(t.Context(), Message(fmt.Sprintf("a%d@example.org", i))) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		for _, b := range far.Received() {
			read, err := mail.ReadMessage(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			ids[read.Header.Get("Message-Id")] = true
		}
		if len(ids) != n {
			t.Errorf("%d different mails came, want %d", len(ids), n)
		}
	})
}

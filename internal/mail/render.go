package mail

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	netmail "net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/emersion/go-msgauth/dkim"
	gomail "github.com/wneessen/go-mail"

	"utkik/internal/outbox"
)

// Letter is how mails look that leave under one sender.
type Letter struct {
	From        string // Utkik <utkik@example.org>
	ReplyTo     string // empty: answers go to From
	ListID      string // such as utkik.example.org; empty: made of From's domain
	Unsubscribe string // mail address at which a person ends the mails by hand; empty when there is none
	DKIM        *DKIM  // nil: the mail server signs, or nobody
}

// DKIM signs mails for a domain.
type DKIM struct {
	Domain   string // empty: that of who the mail is from
	Selector string
	Key      crypto.Signer // RSA or Ed25519
}

// ReadKey reads a private key in PEM: PKCS #8, or RSA's own form.
func ReadKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("holds no private key in PEM; `openssl genpkey -algorithm ed25519` makes one")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("holds no private key that can be read: %v", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("holds a key that cannot sign")
	}
	return signer, nil
}

// Domain is the domain of the sender, which Message-IDs end with.
func (l *Letter) Domain() string { return domainOf(l.From) }

func domainOf(from string) string {
	a, err := netmail.ParseAddress(from)
	if err != nil {
		return "localhost"
	}
	return a.Address[strings.LastIndexByte(a.Address, '@')+1:]
}

// Limits of what stands in a header, in letters. The digest cuts its own; these are for whatever else comes.
const (
	maxSubject = 250
	maxName    = 120
)

// Render writes a mail as it goes over the wire: multipart/alternative of text and HTML, with the headers by which mail
// programs group, sort and end such mails (RFC 2369, 2919, 3834, 8058). The same message makes the same bytes, but for the
// time of a DKIM signature.
func (l *Letter) Render(m *outbox.Message) ([]byte, error) {
	msg := gomail.NewMsg(gomail.WithBoundary(boundary(m.ID)), gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	from, replyTo := l.From, l.ReplyTo
	if m.From != "" {
		from, replyTo = m.From, m.ReplyTo
	}
	if err := msg.From(from); err != nil {
		return nil, fmt.Errorf("sender %q: %v", from, err)
	}
	if replyTo != "" {
		if err := msg.ReplyTo(replyTo); err != nil {
			return nil, fmt.Errorf("reply_to %q: %v", replyTo, err)
		}
	}
	if m.Address == "" { // a mail that is shown, not sent
		msg.SetGenHeader("To", "undisclosed-recipients:;")
	} else {
		msg.ToMailAddress(&netmail.Address{Name: line(m.Name, maxName), Address: m.Address})
	}
	msg.Subject(line(m.Subject, maxSubject))
	msg.SetDateWithValue(m.Date)
	msg.SetMessageIDWithValue(m.ID)
	listID := l.ListID
	if listID == "" {
		listID = "utkik." + domainOf(from)
	}
	msg.SetGenHeader("List-Id", "Utkik <"+listID+">")
	var ends []string
	if m.Unsubscribe != "" {
		ends = append(ends, "<"+m.Unsubscribe+">")
		msg.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	if l.Unsubscribe != "" {
		ends = append(ends, "<mailto:"+l.Unsubscribe+"?subject=unsubscribe>")
	}
	if len(ends) > 0 {
		msg.SetGenHeaderPreformatted("List-Unsubscribe", strings.Join(ends, ",\r\n "))
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("Precedence", "bulk")
	if m.Language != "" {
		msg.SetGenHeader("Content-Language", m.Language)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	var out bytes.Buffer
	out.Grow(len(m.Text) + len(m.HTML)*5/4 + 4096)
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("mail %s: %v", m.ID, err)
	}
	if l.DKIM == nil {
		return out.Bytes(), nil
	}
	return l.DKIM.sign(out.Bytes(), domainOf(from))
}

// signed are the headers that a signature covers; RFC 8058 wants both of List-Unsubscribe.
var signed = []string{"From", "Reply-To", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Language", "List-Id",
	"List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted"}

func (k *DKIM) sign(mail []byte, domain string) ([]byte, error) {
	domain = cmp.Or(k.Domain, domain)
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(mail), &dkim.SignOptions{
		Domain: domain, Selector: k.Selector, Signer: k.Key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed, HeaderKeys: signed,
	})
	if err != nil {
		return nil, fmt.Errorf("DKIM of %s: %v", domain, err)
	}
	return out.Bytes(), nil
}

// boundary parts a mail's alternatives, the same each time.
func boundary(id string) string {
	sum := sha256.Sum256([]byte("boundary of " + id))
	return hex.EncodeToString(sum[:16])
}

// line is text that may stand in a header: on one line, and not endless.
func line(s string, most int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError }), " ")
	if r := []rune(s); len(r) > most {
		s = strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return s
}

// Head is the header of a mail, with the empty line that ends it.
func Head(mail []byte) []byte {
	end := bytes.Index(mail, []byte("\r\n\r\n"))
	if end < 0 {
		return mail
	}
	return mail[:end+4]
}

// Hash names a mail by its bytes.
func Hash(mail []byte) string {
	sum := sha256.Sum256(mail)
	return hex.EncodeToString(sum[:])
}

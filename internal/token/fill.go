package token

import (
	"encoding/base64"
	"regexp"
	"strings"
	"time"

	"utkik/internal/call"
)

// What a digest is shared by all who are told the same, so its links name no reader: they are places, which are filled in
// when a mail is composed. A place is an address in every respect, so that no layout has to know it.
const (
	placePath = "/link/"        // and an act, a slash, and the call
	ActPath   = "/act/"         // and a token
	DoorPath  = "/signin/link/" // the same, of a link to sign in by
)

// path is where the token of an act is answered.
func (a Act) path() string {
	if a == SignIn {
		return DoorPath
	}
	return ActPath
}

// Place is where a link of a recipient's own will stand. The key is empty for acts that are about no call.
func Place(base string, a Act, key call.Key) string {
	out := strings.TrimSuffix(base, "/") + placePath + string(a)
	if a.OfCall() {
		out += "/" + base64.RawURLEncoding.EncodeToString([]byte(key.String()))
	}
	return out
}

// Filler puts tokens into the places of mails from one installation.
type Filler struct {
	base   string
	places *regexp.Regexp
}

// NewFiller makes the filler of places under a base address.
func NewFiller(base string) *Filler {
	base = strings.TrimSuffix(base, "/")
	return &Filler{base, regexp.MustCompile(regexp.QuoteMeta(base+placePath) + `([a-z-]+)(?:/([A-Za-z0-9_-]+))?`)}
}

// Mail is a mail whose places are filled.
type Mail struct {
	Recipient string // id
	Period    string
	Address   string // to which it goes
	Written   time.Time
}

// Fill gives the body of a mail with the addresses by which its recipient, at its address, may act. What is no place stays.
func (f *Filler) Fill(r Ring, body string, m Mail) string {
	if len(r) == 0 {
		return body
	}
	stamp, whose := r.stamp(m.Written), Whose(m.Address)
	var out strings.Builder
	end := 0
	for _, at := range f.places.FindAllStringSubmatchIndex(body, -1) {
		c := Claim{Act: Act(body[at[2]:at[3]]), Recipient: m.Recipient, Whose: whose, Period: m.Period}
		of := ""
		if at[4] >= 0 {
			of = body[at[4]:at[5]]
		}
		if c.Act.Validate() != nil || c.Act.OfCall() != (of != "") {
			continue
		}
		if of != "" {
			text, err := base64.RawURLEncoding.DecodeString(of)
			if err != nil {
				continue
			}
			if c.Key, err = call.ParseKey(string(text)); err != nil {
				continue
			}
		}
		if text := stamp.seal(c); text != "" {
			out.WriteString(body[end:at[0]])
			out.WriteString(f.base + c.Act.path() + text)
			end = at[1]
		}
	}
	out.WriteString(body[end:])
	return out.String()
}

// Address is that of one act of a mail's recipient; empty when there is no key.
func (f *Filler) Address(r Ring, a Act, m Mail) string {
	text := r.Seal(Claim{Act: a, Recipient: m.Recipient, Whose: Whose(m.Address), Period: m.Period}, m.Written)
	if text == "" {
		return ""
	}
	return f.base + a.path() + text
}

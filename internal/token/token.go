// Package token makes the addresses in mails by which a recipient acts without an account, and opens them again. A
// token says what is done, for whom, to which call and until when, and shows none of it: it is sealed with AES-256-GCM,
// so that it cannot be read, altered or made by anybody who lacks the installation's keys.
//
// The same claim makes the same token under the same key (the nonce is a MAC of what is sealed), so that a mail which was
// sent can be shown again byte for byte. It is the one place where the program takes random bytes.
package token

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"utkik/internal/call"
)

// Act is the one thing that a token lets its bearer do.
type Act string

// The acts. What Undo, Resume take back is said by the page that shows them; only it makes such tokens.
const (
	Follow      Act = "follow"
	Take        Act = "take" // we take this one
	NotRelevant Act = "not-relevant"
	Undo        Act = "undo"   // a decision about a call
	Answer      Act = "answer" // shows the choices about a call, each under its own token; does nothing itself
	Unsubscribe Act = "unsubscribe"
	Pause       Act = "pause"
	Resume      Act = "resume"  // ends a pause, or takes an unsubscription back
	SignIn      Act = "sign-in" // for the recipient that is a link's own id; answered at the door, not by the pages
	View        Act = "view"    // shows the mail that it came with; does nothing
)

// acts are the acts as they are sealed: by their places, which are for good.
var acts = []Act{Follow, Take, NotRelevant, Undo, Answer, Unsubscribe, Pause, Resume, SignIn, View}

// Validate tells whether a is one of the acts.
func (a Act) Validate() error {
	if slices.Contains(acts, a) {
		return nil
	}
	return fmt.Errorf("act %q is none of %v", string(a), acts)
}

// OfCall tells whether a is about a call.
func (a Act) OfCall() bool {
	switch a {
	case Unsubscribe, Pause, Resume, SignIn, View:
		return false
	}
	return true
}

// How long tokens hold. What is said about a call is old after two months; a mail's end must be found for longer.
const (
	itemLife = 60 * 24 * time.Hour
	mailLife = 365 * 24 * time.Hour
	doorLife = 15 * time.Minute // of a link to sign in by, which is sealed to the hour; the store ends it to the second
)

// Rhythm of the keys. A key opens as long as a token that it sealed can hold.
const (
	keyAge  = 90 * 24 * time.Hour
	keyLife = keyAge + mailLife + 30*24*time.Hour // a month for mails that wait to be sent
)

// Claim is what a token says.
type Claim struct {
	Act       Act
	Recipient string   // id
	Key       call.Key // of an act about a call
	Period    string   // of the mail that View shows; sealed in the place of the key's ref
	Whose     [8]byte  // of the address that the token was sent to; see [Whose]
	Expires   time.Time
}

// Whose marks an address without naming it: a token of an address that a recipient no longer has moves nothing.
func Whose(address string) [8]byte {
	sum := sha256.Sum256([]byte("address of a token\x00" + strings.ToLower(address)))
	return [8]byte(sum[:8])
}

// Key seals and opens.
type Key struct {
	ID     int64
	Made   time.Time
	Secret []byte
}

// Ring is the keys of an installation, oldest first.
type Ring []Key

// Why a token moves nothing. ErrExpired comes with what the token said, so that the page can speak the reader's language.
var (
	ErrDamaged = errors.New("token is damaged")
	ErrExpired = errors.New("token has expired")
)

// Secret gives the bytes of a new key.
func Secret() []byte {
	b := make([]byte, 32)
	rand.Read(b) // never fails: the program ends where the system has no randomness
	return b
}

// Name gives a name that cannot be guessed, of small letters and digits, for a secret address.
func Name() string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(Secret()[:20]))
}

// Random gives 256 random bits as a text that cookies and addresses hold as it is.
func Random() string { return base64.RawURLEncoding.EncodeToString(Secret()) }

// apiKeyMark begins every key of a program, so that those who look through repositories and logs for secrets know it:
// utk_[a-z2-7]{52}.
const apiKeyMark = "utk_"

// APIKey gives a new key for a program.
func APIKey() string {
	return apiKeyMark + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(Secret()))
}

// IsAPIKey tells whether a text looks like a key.
func IsAPIKey(s string) bool { return strings.HasPrefix(s, apiKeyMark) && len(s) == len(apiKeyMark)+52 }

// Hash is how what [Random] and [APIKey] give is kept. One SHA-256, and not a slow hash as for passwords: a slow one makes
// guessing dear, and nobody guesses 256 random bits; it would only make each request dear.
func Hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// DoorLife is how long a link to sign in by holds.
func DoorLife() time.Duration { return doorLife }

// Proof shows that somebody has a secret, for one text, without showing the secret.
func Proof(secret []byte, text string) string {
	return hex.EncodeToString(MAC(secret, "proof", []byte(text)))
}

// Same compares secrets in a time that tells nothing of how much of them agrees.
func Same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// Due tells whether a new key should be made.
func (r Ring) Due(now time.Time) bool { return len(r) == 0 || !r[len(r)-1].Made.After(Fresh(now)) }

// Fresh gives the time after which a key was made that need not be renewed.
func Fresh(now time.Time) time.Time { return now.Add(-keyAge) }

// Old gives the time before which a key was made that opens nothing any more.
func Old(now time.Time) time.Time { return now.Add(-keyLife) }

// at is the key in force at a time, so that a mail is filled alike whenever that happens.
func (r Ring) at(t time.Time) *Key {
	for i := len(r) - 1; i > 0; i-- {
		if !r[i].Made.After(t) {
			return &r[i]
		}
	}
	return &r[0]
}

// Seal makes the token of a claim that is written at that time; empty when there is no key. A zero Expires becomes the
// act's own span.
func (r Ring) Seal(c Claim, written time.Time) string {
	if len(r) == 0 {
		return ""
	}
	return r.stamp(written).seal(c)
}

// stamp seals what is written at one time: a mail has a hundred links, and one key and cipher for all of them.
type stamp struct {
	key     *Key
	aead    cipher.AEAD
	written time.Time
}

// stamp makes the stamp of a ring that has a key.
func (r Ring) stamp(written time.Time) stamp {
	key := r.at(written)
	return stamp{key, sealer(key), written}
}

func (s stamp) seal(c Claim) string {
	at := slices.Index(acts, c.Act)
	if at < 0 || len(c.Recipient) > 255 || len(c.Key.Source) > 255 {
		return ""
	}
	if c.Expires.IsZero() {
		life := itemLife
		switch {
		case c.Act == SignIn:
			life = doorLife
		case !c.Act.OfCall():
			life = mailLife
		}
		c.Expires = s.written.Add(life)
	}
	plain := []byte{byte(at)}
	plain = binary.BigEndian.AppendUint32(plain, uint32((c.Expires.Unix()+3599)/3600)) // to the hour: enough until the year 491,000
	plain = append(plain, c.Whose[:]...)
	for _, text := range []string{c.Recipient, c.Key.Source} {
		plain = append(append(plain, byte(len(text))), text...)
	}
	ref := c.Key.Ref
	if c.Act == View {
		ref = c.Period
	}
	plain = append(append(plain, ref...), 1) // a mark before the padding, by which lengths tell little
	for len(plain)%16 != 0 {
		plain = append(plain, 0)
	}
	nonce := MAC(s.key.Secret, "nonce", plain)[:12]
	out := binary.AppendUvarint(nil, uint64(s.key.ID))
	out = append(out, nonce...)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(out, nonce, plain, nil))
}

// maxToken bounds what is read as one.
const maxToken = 4096

// Open tells what a token says: [ErrDamaged] when no key of the ring made it as it is, [ErrExpired] when its time is over.
func (r Ring) Open(token string, now time.Time) (Claim, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(token) > maxToken || strings.ContainsAny(token, "\r\n") {
		return Claim{}, ErrDamaged
	}
	id, n := binary.Uvarint(raw)
	at := slices.IndexFunc(r, func(k Key) bool { return k.ID == int64(id) })
	if n <= 0 || at < 0 || len(raw) < n+12 {
		return Claim{}, ErrDamaged
	}
	plain, err := sealer(&r[at]).Open(nil, raw[n:n+12], raw[n+12:], nil)
	if err != nil || n != len(binary.AppendUvarint(nil, id)) { // the number has one spelling
		return Claim{}, ErrDamaged
	}
	c, ok := read(plain)
	if !ok {
		return Claim{}, ErrDamaged // unreachable: the key made it
	}
	if !now.Before(c.Expires) {
		return c, ErrExpired
	}
	return c, nil
}

func read(plain []byte) (c Claim, ok bool) {
	end := len(plain) - 1
	for end >= 0 && plain[end] == 0 {
		end--
	}
	if end < 13 || plain[end] != 1 || int(plain[0]) >= len(acts) {
		return c, false
	}
	c.Act, c.Expires = acts[plain[0]], time.Unix(int64(binary.BigEndian.Uint32(plain[1:]))*3600, 0).UTC()
	c.Whose = [8]byte(plain[5:13])
	rest := plain[13:end]
	for _, s := range []*string{&c.Recipient, &c.Key.Source} {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return c, false
		}
		*s, rest = string(rest[1:1+int(rest[0])]), rest[1+int(rest[0]):]
	}
	if c.Act == View {
		c.Period = string(rest)
	} else {
		c.Key.Ref = string(rest)
	}
	return c, true
}

// MAC derives from a secret what is known only to who has it; purpose keeps apart what is derived for several.
func MAC(secret []byte, purpose string, text []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write(text)
	return h.Sum(nil)
}

// sealer is the cipher under a key of its own, apart from that of the nonces.
func sealer(k *Key) cipher.AEAD {
	block, err := aes.NewCipher(MAC(k.Secret, "seal", nil))
	if err != nil {
		panic(err) // unreachable: 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // unreachable: AES has blocks of 16 bytes
	}
	return aead
}

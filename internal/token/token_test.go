package token

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"utkik/internal/call"
)

var written = time.Date(2026, 5, 13, 5, 0, 0, 0, time.UTC)

func ring() Ring {
	return Ring{{1, written.AddDate(0, -4, 0), []byte(strings.Repeat("a", 32))}, {2, written.AddDate(0, -1, 0), []byte(strings.Repeat("b", 32))}}
}

func claim() Claim {
	return Claim{Act: NotRelevant, Recipient: "kultur", Key: call.Key{Source: "ft-portal", Ref: "50563532TOPICS"}, Whose: Whose("kultur@example.org")}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	r := ring()
	for _, act := range acts {
		c := claim()
		c.Act = act
		if !act.OfCall() {
			c.Key = call.Key{}
		}
		text := r.Seal(c, written)
		got, err := r.Open(text, written)
		if err != nil {
			t.Fatalf("%s: %v", act, err)
		}
		least, most := 59*24*time.Hour, 366*24*time.Hour
		if act == SignIn {
			least, most = 15*time.Minute, 75*time.Minute
		}
		if d := got.Expires.Sub(written); d < least || d > most {
			t.Errorf("%s holds %s", act, d)
		}
		c.Expires = got.Expires
		if d := cmp.Diff(c, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", act, d)
		}
		if text != r.Seal(c, written) {
			t.Errorf("%s: sealed twice, two tokens", act)
		}
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		for _, word := range []string{"kultur", "ft-portal", "5056", "example"} {
			if strings.Contains(text, word) || strings.Contains(string(raw), word) {
				t.Errorf("%s: the token shows %q", act, word)
			}
		}
	}
	a, b := claim(), claim()
	b.Recipient = "tandvard" // two letters more than kultur
	if x, y := r.Seal(a, written), r.Seal(b, written); x == y || len(x) != len(y) {
		t.Errorf("tokens of two recipients: %s, %s", x, y)
	}
	if Ring(nil).Seal(a, written) != "" {
		t.Error("a token without a key")
	}
}

// TestBad holds every way in which a token can be bad to what is said of it.
func TestBad(t *testing.T) {
	t.Parallel()
	r := ring()
	good := r.Seal(claim(), written)
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	flip := func(i int) string {
		b := append([]byte(nil), raw...)
		b[(i+len(b))%len(b)] ^= 1
		return base64.RawURLEncoding.EncodeToString(b)
	}
	other := Ring{{2, written, []byte(strings.Repeat("c", 32))}}
	for _, tt := range []struct {
		name, text string
		ring       Ring
		now        time.Time
		want       error
	}{
		{"good", good, r, written, nil},
		{"just in time", good, r, written.Add(itemLife - time.Minute), nil},
		{"expired", good, r, written.Add(itemLife + time.Hour), ErrExpired},
		{"expired long since", good, r, written.AddDate(3, 0, 0), ErrExpired},
		{"empty", "", r, written, ErrDamaged},
		{"cut", good[:len(good)-1], r, written, ErrDamaged},
		{"cut to the nonce", good[:10], r, written, ErrDamaged},
		{"one letter more", good + "A", r, written, ErrDamaged},
		{"a line break within", good[:9] + "\n" + good[9:], r, written, ErrDamaged},
		{"padded", good + "==", r, written, ErrDamaged},
		{"no base64", "åäö", r, written, ErrDamaged},
		{"the other alphabet", "+/" + good[2:], r, written, ErrDamaged},
		{"another key's number", flip(0), r, written, ErrDamaged},
		{"nonce altered", flip(3), r, written, ErrDamaged},
		{"act altered", flip(13), r, written, ErrDamaged},
		{"tag altered", flip(-1), r, written, ErrDamaged},
		{"two tokens", good + good, r, written, ErrDamaged},
		{"of another installation", other.Seal(claim(), written), r, written, ErrDamaged},
		{"its key is gone", good, r[:1], written, ErrDamaged},
		{"no key at all", good, nil, written, ErrDamaged},
		{"endless", strings.Repeat("A", 1<<20), r, written, ErrDamaged},
		{"zeros", strings.Repeat("A", 200), r, written, ErrDamaged},
	} {
		if _, err := tt.ring.Open(tt.text, tt.now); !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	for i := range raw { // whatever byte is another
		if _, err := r.Open(flip(i), written); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d altered: %v", i, err)
		}
	}
}

// TestLastBits: the spare bits of a text's last letter would give one token several spellings.
func TestLastBits(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	r, opened := ring(), 0
	good := r.Seal(claim(), written)
	for _, letter := range alphabet {
		if _, err := r.Open(good[:len(good)-1]+string(letter), written); err == nil {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("%d spellings of one token", opened)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	r := ring()
	if r.Due(written) || !r.Due(written.AddDate(0, 3, 0)) || !Ring(nil).Due(written) {
		t.Error("keys are due at other times")
	}
	// A mail is filled alike after a key was added.
	more := append(ring(), Key{3, written.Add(time.Hour), []byte(strings.Repeat("c", 32))})
	if r.Seal(claim(), written) != more.Seal(claim(), written) {
		t.Error("a new key alters mails that were written before it")
	}
	if more.Seal(claim(), written) == more.Seal(claim(), written.Add(2*time.Hour)) {
		t.Error("the new key is not used")
	}
	old := r.Seal(Claim{Act: Unsubscribe, Recipient: "kultur"}, r[1].Made.Add(-time.Minute))
	if _, err := more.Open(old, written); err != nil {
		t.Errorf("a token of the key before: %v", err)
	}
	if a, b := Name(), Name(); a == b || len(a) != 32 || len(Secret()) != 32 {
		t.Errorf("names %s, %s", a, b)
	}
	if !Same("a", "a") || Same("a", "b") || Same("a", "") {
		t.Error("secrets are compared wrongly")
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	const base = "https://utkik.example.org/eu"
	key := call.Key{Source: "ft-portal", Ref: "EuropeAid/1/DD åäö"}
	f, r := NewFiller(base+"/"), ring()
	body := "<a href=\"" + Place(base, Follow, key) + "\">x</a> " + Place(base, Unsubscribe, call.Key{}) + "." +
		" https://evil.example/link/follow/AAAA " + base + "/link/follow " + base + "/link/delete/AAAA " + base + "/link/follow/AAAA"
	kultur := Mail{"kultur", "2026-05-13", "kultur@example.org", written}
	got := f.Fill(r, body, kultur)
	rest, ok := strings.CutPrefix(got, "<a href=\""+base+"/act/")
	token, rest, _ := strings.Cut(rest, "\"")
	c, err := r.Open(token, written)
	if !ok || err != nil || c.Key != key || c.Act != Follow || c.Recipient != "kultur" || c.Whose != Whose("Kultur@example.org") {
		t.Errorf("%+v, %v in %s", c, err, got)
	}
	rest, ok = strings.CutPrefix(rest, ">x</a> "+base+"/act/")
	token, rest, _ = strings.Cut(rest, ".")
	if c, err = r.Open(token, written); !ok || err != nil || c.Act != Unsubscribe || c.Key != (call.Key{}) {
		t.Errorf("%+v, %v in %s", c, err, got)
	}
	if want := " https://evil.example/link/follow/AAAA " + base + "/link/follow " + base + "/link/delete/AAAA " + base + "/link/follow/AAAA"; rest != want {
		t.Errorf("what is no place became %q", rest)
	}
	if again := f.Fill(r, got, Mail{"tandvard", "2026-05-13", "x@example.org", written}); again != got {
		t.Error("what is filled is filled again")
	}
	if got := f.Fill(nil, body, kultur); got != body {
		t.Error("filled without a key")
	}
	if a := f.Address(r, Pause, kultur); !strings.HasPrefix(a, base+"/act/") || f.Address(nil, Pause, kultur) != "" {
		t.Errorf("address %s", a)
	}
	view := strings.TrimPrefix(f.Fill(r, Place(base, View, call.Key{}), kultur), base+ActPath)
	if c, err := r.Open(view, written); err != nil || c.Act != View || c.Period != "2026-05-13" || c.Key != (call.Key{}) {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestOpenAnything(t *testing.T) {
	t.Parallel()
	r := ring()
	rapid.Check(t, func(t *rapid.T) {
		c := Claim{Act: rapid.SampledFrom(acts).Draw(t, "act"), Recipient: rapid.StringN(0, 60, 255).Draw(t, "recipient"),
			Key: call.Key{Source: rapid.StringN(0, 60, 255).Draw(t, "source"), Ref: rapid.String().Draw(t, "ref")}, Expires: written.Add(time.Hour).UTC()}
		if c.Act == View {
			c.Period, c.Key.Ref = c.Key.Ref, ""
		}
		got, err := r.Open(r.Seal(c, written), written)
		if d := cmp.Diff(c, got); d != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, d)
		}
		if _, err := r.Open(rapid.String().Draw(t, "text"), written); !errors.Is(err, ErrDamaged) {
			t.Fatal("anything opens")
		}
	})
}

func TestRandom(t *testing.T) {
	t.Parallel()
	a, b := APIKey(), APIKey()
	if a == b || !IsAPIKey(a) || IsAPIKey(a[:len(a)-1]) || IsAPIKey("x"+a[1:]) || strings.ToLower(a) != a {
		t.Errorf("keys %s and %s", a, b)
	}
	if a, b := Random(), Random(); a == b || len(a) != 43 || Hash(a) == Hash(b) || len(Hash(a)) != 64 {
		t.Errorf("%s and %s", a, b)
	}
}

// A link to sign in by leads to the door, and no other link does.
func TestFillSignIn(t *testing.T) {
	t.Parallel()
	f := NewFiller("https://utkik.example.org/")
	body := Place("https://utkik.example.org", SignIn, call.Key{}) + " " + Place("https://utkik.example.org", Unsubscribe, call.Key{})
	got := strings.Fields(f.Fill(ring(), body, Mail{"sign-in:x", "once", "anna@example.org", written}))
	door, ok := strings.CutPrefix(got[0], "https://utkik.example.org/signin/link/")
	if c, err := ring().Open(door, written); !ok || err != nil || c.Act != SignIn || c.Recipient != "sign-in:x" || c.Whose != Whose("Anna@example.org") {
		t.Errorf("%s: %+v, %v", got[0], c, err)
	}
	if !strings.HasPrefix(got[1], "https://utkik.example.org/act/") {
		t.Error(got[1])
	}
}

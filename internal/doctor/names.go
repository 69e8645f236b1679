package doctor

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"strings"
)

// Domain is what a mail domain should publish about who may send for it.
type Domain struct {
	Name     string
	Selector string        // of DKIM; empty: the mail server signs, or nobody
	Signs    string        // domain under which the selector is found
	Key      crypto.Signer // that signs here; nil: none
	// Text looks up the TXT records of a name.
	Text func(ctx context.Context, name string) ([]string, error)
}

const namesPart = "mail names"

// Look looks up what receivers look up: SPF, DMARC and the public half of the key of DKIM.
func (d Domain) Look(ctx context.Context) []Line {
	if d.Name == "" || d.Name == "localhost" {
		return nil
	}
	out := []Line{
		d.record(ctx, d.Name, "v=spf1", "SPF", "publish a TXT record of "+d.Name+" such as \"v=spf1 mx -all\" that names the mail server: without it many take our mails for forged"),
		d.record(ctx, "_dmarc."+d.Name, "v=DMARC1", "DMARC", "publish a TXT record of _dmarc."+d.Name+" such as \"v=DMARC1; p=none\": large receivers ask for it"),
	}
	if d.Selector == "" || d.Key == nil {
		return append(out, Well(namesPart, "DKIM: mail.dkim_key is not set; the mail server signs, or nobody"))
	}
	return append(out, d.dkim(ctx))
}

// record looks for one TXT record that begins so.
func (d Domain) record(ctx context.Context, name, begins, what, next string) Line {
	texts, err := d.Text(ctx, name)
	if err != nil && !missing(err) {
		return Ill(namesPart, Warn, "look at this machine's name servers", "%s of %s cannot be looked up: %v", what, name, err)
	}
	n := 0
	for _, t := range texts {
		if strings.HasPrefix(strings.ToLower(strings.TrimSpace(t)), strings.ToLower(begins)) {
			n++
		}
	}
	switch n {
	case 0:
		return Ill(namesPart, Warn, next, "%s has no %s", name, what)
	case 1:
		return Well(namesPart, "%s has %s", name, what)
	}
	return Ill(namesPart, Warn, "leave one: receivers take two for none", "%s has %d records of %s", name, n, what)
}

func missing(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// dkim compares the published key with the one that signs.
func (d Domain) dkim(ctx context.Context) Line {
	name := d.Selector + "._domainkey." + d.Signs
	want, err := published(d.Key.Public())
	if err != nil {
		return Ill(namesPart, Fail, "make a key of RSA or Ed25519 for mail.dkim_key", "DKIM: %v", err)
	}
	next := "publish a TXT record of " + name + ": \"" + want + "\""
	texts, err := d.Text(ctx, name)
	if err != nil && !missing(err) {
		return Ill(namesPart, Warn, "look at this machine's name servers", "DKIM of %s cannot be looked up: %v", name, err)
	}
	for _, t := range texts {
		for part := range strings.SplitSeq(t, ";") {
			if p, ok := strings.CutPrefix(strings.TrimSpace(part), "p="); ok {
				_, ours, _ := strings.Cut(want, "p=")
				if strings.Join(strings.Fields(p), "") != ours {
					return Ill(namesPart, Fail, next, "%s publishes another key than mail.dkim_key: receivers refuse the signature", name)
				}
				return Well(namesPart, "%s publishes the key that signs", name)
			}
		}
	}
	return Ill(namesPart, Fail, next, "%s publishes no key: nobody can check the signature", name)
}

// published is a key as its domain publishes it (RFC 6376, RFC 8463).
func published(key crypto.PublicKey) (string, error) {
	switch k := key.(type) {
	case ed25519.PublicKey:
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(k), nil
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return "", err
		}
		return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
	}
	return "", errors.New("a key that is neither RSA nor Ed25519")
}

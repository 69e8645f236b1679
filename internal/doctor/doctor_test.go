package doctor_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"utkik/internal/doctor"
)

func TestWorst(t *testing.T) {
	t.Parallel()
	ok, warn, fail := doctor.Well("a", "b"), doctor.Ill("a", doctor.Warn, "c", "b"), doctor.Ill("a", doctor.Fail, "c", "b")
	for want, lines := range map[doctor.State][]doctor.Line{doctor.OK: {ok, ok}, doctor.Warn: {warn, ok}, doctor.Fail: {warn, fail, warn}} {
		if got := doctor.Worst(lines); got != want {
			t.Errorf("worst of %v is %s", lines, got)
		}
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if l := doctor.Folder(filepath.Join(dir, "none")); l.State != doctor.OK {
		t.Errorf("not there yet: %+v", l)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if l := doctor.Folder(file); l.State != doctor.Fail || l.Next == "" {
		t.Errorf("a file: %+v", l)
	}
	if runtime.GOOS == "windows" {
		return
	}
	data := filepath.Join(dir, "data")
	if err := errors.Join(os.Mkdir(data, 0o755), os.Chmod(data, 0o755), os.WriteFile(filepath.Join(data, "utkik.db"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if l := doctor.Folder(data); l.State != doctor.OK {
		t.Errorf("a closed store: %+v", l)
	}
	if err := os.Chmod(filepath.Join(data, "utkik.db"), 0o644); err != nil {
		t.Fatal(err)
	}
	if l := doctor.Folder(data); l.State != doctor.Warn || !strings.Contains(l.Text, "everybody on this machine can read") {
		t.Errorf("an open store: %+v", l)
	}
	if err := os.Chmod(data, 0o750); err != nil {
		t.Fatal(err)
	}
	if l := doctor.Folder(data); l.State != doctor.OK {
		t.Errorf("an open store in a closed folder: %+v", l)
	}
	if left, err := os.ReadDir(data); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	free, _, err := doctor.Space(dir)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if l := doctor.Disk(filepath.Join(dir, "not", "yet"), 0); strings.Contains(l.Text, "no such file") || l.Part != "disk" {
		t.Errorf("of a folder that is not there yet: %+v", l)
	}
	if l := doctor.Disk(dir, int64(free)+1<<40); l.State == doctor.OK || l.Next == "" {
		t.Errorf("with less room than is needed: %+v", l)
	}
	for n, want := range map[uint64]string{7: "7 bytes", 1500: "1.5 kB", 2_000_000: "2.0 MB", 3_210_000_000: "3.2 GB", 5e12: "5.0 TB"} {
		if got := doctor.Bytes(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 13, 8, 0, 0, 0, time.UTC)
	var none time.Time
	for _, tt := range []struct {
		name             string
		database, latest time.Time
		want             doctor.State
		text             string
	}{
		{"together", now.Add(time.Second), now.Add(-time.Hour), doctor.OK, ""},
		{"apart", now.Add(-20 * time.Second), none, doctor.Warn, "20s apart"},
		{"far apart", now.Add(time.Hour), none, doctor.Fail, "1h0m0s apart"},
		{"set back", none, now.Add(3 * time.Hour), doctor.Fail, "3h0m0s from now"},
	} {
		var lines []doctor.Line
		for _, l := range doctor.Clock(now, tt.database, tt.latest) {
			if !strings.Contains(l.Text, "kept by NTP") { // of this machine
				lines = append(lines, l)
			}
		}
		text := ""
		for _, l := range lines {
			text += l.Text
		}
		if doctor.Worst(lines) != tt.want || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %+v", tt.name, lines)
		}
	}
	if l := doctor.Zone("Europe/Stockholm", ""); l.State != doctor.OK {
		t.Errorf("%+v", l)
	}
	if l := doctor.Zone("Europe/Nowhere", ""); l.State != doctor.Fail {
		t.Errorf("%+v", l)
	}
}

const rsaKey = `-----BEGIN RSA PRIVATE KEY-----
MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQJAIJLixBy2qpFoS4DSmoEm
o3qGy0t6z09AIJtH+5OeRV1be+N4cDYJKffGzDa88vQENZiRm0GRq6a+HPGQMd2k
TQIhAKMSvzIBnni7ot/OSie2TmJLY4SwTQAevXysE2RbFDYdAiEBCUEaRQnMnbp7
9mxDXDf6AU0cN/RPBjb9qSHDcWZHGzUCIG2Es59z8ugGrDY+pxLQnwfotadxd+Uy
v/Ow5T0q5gIJAiEAyS4RaI9YG8EWx/2w0T67ZUVAw8eOMB6BIUg0Xcu+3okCIBOs
/5OiPgoTdSy7bcF9IGpSE8ZgGKzgYQVZeN97YE00
-----END RSA PRIVATE KEY-----`

func TestNames(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode([]byte(rsaKey))
	big, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	small := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	pub := base64.StdEncoding.EncodeToString(small.Public().(ed25519.PublicKey))
	der, err := x509.MarshalPKIXPublicKey(big.Public().(*rsa.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	bigPub := base64.StdEncoding.EncodeToString(der)
	names := map[string][]string{
		"region.example":               {"google-site-verification=x", "v=spf1 mx -all"},
		"_dmarc.region.example":        {"v=DMARC1; p=none"},
		"s1._domainkey.region.example": {"v=DKIM1; k=ed25519; p=" + pub},
		"s2._domainkey.region.example": {"v=DKIM1; k=rsa; p=" + bigPub[:40] + " " + bigPub[40:]}, // in two strings
		"s3._domainkey.region.example": {"v=DKIM1; k=ed25519; p=" + pub[:10]},
		"two.example":                  {"v=spf1 mx -all", "V=SPF1 -all"},
	}
	text := func(_ context.Context, name string) ([]string, error) {
		if name == "_dmarc.two.example" {
			return nil, errors.New("no name server answers")
		}
		if t, ok := names[name]; ok {
			return t, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	for _, tt := range []struct {
		d    doctor.Domain
		want string // states
		last string // words of the last line
	}{
		{doctor.Domain{Name: "region.example"}, "ok ok ok", "the mail server signs, or nobody"},
		{doctor.Domain{Name: "region.example", Selector: "s1", Signs: "region.example", Key: small}, "ok ok ok", "publishes the key that signs"},
		{doctor.Domain{Name: "region.example", Selector: "s2", Signs: "region.example", Key: big}, "ok ok ok", "publishes the key that signs"},
		{doctor.Domain{Name: "region.example", Selector: "s3", Signs: "region.example", Key: small}, "ok ok fail", "publishes another key"},
		{doctor.Domain{Name: "region.example", Selector: "s9", Signs: "region.example", Key: small}, "ok ok fail", "publishes no key"},
		{doctor.Domain{Name: "none.example"}, "warn warn ok", ""},
		{doctor.Domain{Name: "two.example"}, "warn warn ok", ""},
	} {
		tt.d.Text = text
		lines := tt.d.Look(t.Context())
		var states []string
		for _, l := range lines {
			states = append(states, string(l.State))
			if l.State != doctor.OK && l.Next == "" {
				t.Errorf("%+v says not what to do", l)
			}
		}
		if got := strings.Join(states, " "); got != tt.want || !strings.Contains(lines[len(lines)-1].Text, tt.last) {
			t.Errorf("%s %s: got %v", tt.d.Name, tt.d.Selector, lines)
		}
	}
	if lines := (doctor.Domain{Name: "localhost"}).Look(t.Context()); len(lines) > 0 {
		t.Errorf("%v", lines)
	}
}

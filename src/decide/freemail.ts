/**
 * Domains whose addresses anybody gets for nothing, and whose customers have nothing to do with each other: their caps
 * and budgets count by address (PRODUCT §3, By whose word). Lower case, each a domain of its own below a public suffix.
 */
export const FREEMAIL: ReadonlySet<string> = new Set([
  // Germany, Austria, Switzerland
  ...["gmx.de", "gmx.net", "gmx.at", "gmx.ch", "gmx.com", "gmx.org", "gmx.info", "gmx.eu", "gmx.biz"],
  ...["web.de", "email.de", "mail.de", "online.de", "t-online.de", "magenta.de", "freenet.de", "1und1.de"],
  ...["arcor.de", "vodafone.de", "vodafonemail.de", "kabelmail.de", "unitybox.de", "unity-mail.de"],
  ...["ewe.net", "ewetel.net", "netcologne.de", "o2online.de", "o2mail.de", "alice-dsl.net", "alice.de"],
  ...["posteo.de", "posteo.net", "posteo.eu", "posteo.org", "posteo.at", "posteo.ch", "mailbox.org"],
  ...["kabelbw.de", "osnanet.de", "htp-tel.de", "t-online.at", "versanet.de", "onlinehome.de", "lycos.de"],
  ...[
    "aon.at",
    "a1.net",
    "chello.at",
    "inode.at",
    "bluewin.ch",
    "sunrise.ch",
    "hispeed.ch",
    "swissonline.ch",
  ],
  // The large ones of the world
  ...["gmail.com", "googlemail.com", "outlook.com", "outlook.de", "outlook.at", "outlook.fr", "outlook.it"],
  ...["outlook.es", "hotmail.com", "hotmail.de", "hotmail.at", "hotmail.ch", "hotmail.fr", "hotmail.it"],
  ...["hotmail.es", "hotmail.nl", "hotmail.be", "hotmail.co.uk", "live.com", "live.de", "live.at", "live.fr"],
  ...["live.it", "live.nl", "live.be", "live.co.uk", "live.ca", "msn.com", "passport.com"],
  ...["yahoo.com", "yahoo.de", "yahoo.at", "yahoo.ch", "yahoo.fr", "yahoo.it", "yahoo.es", "yahoo.co.uk"],
  ...["yahoo.ca", "yahoo.co.in", "yahoo.in", "yahoo.co.jp", "yahoo.com.br", "yahoo.com.au", "ymail.com"],
  ...["rocketmail.com", "myyahoo.com", "aol.com", "aol.de", "aol.fr", "aol.it", "aol.co.uk", "aim.com"],
  ...["icloud.com", "me.com", "mac.com", "proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
  ...["tutanota.com", "tutanota.de", "tutamail.com", "tuta.com", "tuta.io", "keemail.me", "mail.com"],
  ...["email.com", "usa.com", "europe.com", "mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"],
  ...["yandex.ru", "yandex.com", "ya.ru", "rambler.ru", "zoho.com", "zohomail.com", "zohomail.eu"],
  ...["fastmail.com", "fastmail.fm", "hushmail.com", "hey.com", "duck.com", "disroot.org", "riseup.net"],
  ...["qq.com", "163.com", "126.com", "sina.com", "foxmail.com", "naver.com", "daum.net", "hanmail.net"],
  ...["rediffmail.com", "uol.com.br", "bol.com.br", "terra.com.br"],
  // Europe
  ...["orange.fr", "wanadoo.fr", "free.fr", "sfr.fr", "laposte.net", "neuf.fr", "bbox.fr", "libero.it"],
  ...["virgilio.it", "tiscali.it", "alice.it", "tin.it", "telenet.be", "skynet.be", "proximus.be"],
  ...[
    "ziggo.nl",
    "kpnmail.nl",
    "planet.nl",
    "xs4all.nl",
    "hetnet.nl",
    "home.nl",
    "telefonica.net",
    "terra.es",
  ],
  ...["wp.pl", "o2.pl", "onet.pl", "onet.eu", "interia.pl", "op.pl", "tlen.pl", "gazeta.pl", "poczta.fm"],
  ...["seznam.cz", "email.cz", "centrum.cz", "post.cz", "azet.sk", "centrum.sk", "zoznam.sk", "freemail.hu"],
  ...["citromail.hu", "abv.bg", "mail.bg", "ukr.net", "i.ua", "meta.ua", "inbox.lv", "sapo.pt"],
  ...["btinternet.com", "btopenworld.com", "sky.com", "talktalk.net", "virginmedia.com", "ntlworld.com"],
  ...["blueyonder.co.uk", "eircom.net", "telia.com", "bredband.net", "comhem.se", "luukku.com", "pt.lu"],
  // North America
  ...["comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net"],
  ...["earthlink.net", "juno.com", "optonline.net", "rogers.com", "shaw.ca", "sympatico.ca", "videotron.ca"],
]);

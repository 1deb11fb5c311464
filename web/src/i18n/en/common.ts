import { noticesIn } from '../notices'

export default {
  app: { name: 'Hotline', workbench: 'Hotline workbench', skip: 'Skip to content' },
  menu: { home: 'Home', main: 'Main menu', open: 'Expand menu', close: 'Collapse menu', waiting: ' waiting for an answer' },
  login: {
    title: 'Log in to the workbench', hello: 'Welcome back', username: 'User name', password: 'Password', submit: 'Log in',
    needUsername: 'Enter your user name', needPassword: 'Enter your password', notHere: 'This account has no workbench',
    ended: {
      expired: 'Your log-in has expired, please log in again.', kept: ' What you had not sent is still there for you.', elsewhere: 'You were logged out in another window.',
      password: 'Your password was changed: log in with the new one.', banned: 'This account is no longer active. Please ask your administrator.',
    },
  },
  account: {
    menu: 'Account', changePassword: 'Change password', logOut: 'Log out', oldPassword: 'Current password', newPassword: 'New password',
    repeatPassword: 'New password again', notSame: 'The new passwords differ', tooShort: 'At least 8 characters',
    changed: 'Password changed; other devices are logged out',
    running: {
      talks: 'Consultations in progress: {n}. Once logged out, nothing the visitors write reaches you.',
      requests: 'Requests in progress: {n}. Once logged out, nothing reaches you.',
    },
    stillIn: 'You are still logged in: the server did not confirm it. Please try again later.',
    drafts: 'What you have not sent, and notes you have not saved, will be cleared.', stay: 'Stay',
  },
  presence: { title: 'My presence', now: 'My presence: {state}', online: 'Online', busy: 'Busy', away: 'Away', offline: 'Offline', offShift: 'Not on shift today' },
  connection: {
    open: 'Connected', connecting: 'Connecting', waiting: 'Connection lost, trying again', idle: 'Not connected', refused: 'Log-in has ended',
  },
  person: { visitor: 'Visitor {n}' },
  role: {
    counselor: 'Counselor', supervisor: 'Supervisor', administrator: 'Administrator', system: 'System administrator', visitor: 'Visitor',
  },
  status: { WAITING: 'Waiting', IN_PROGRESS: 'In progress', FINISHED: 'Finished', TIME_OUT: 'Timed out', CANCELLED: 'Cancelled' },
  endReason: {
    visitor: 'Ended by visitor', counselor: 'Ended by counselor', supervisor: 'Ended by supervisor', administrator: 'Ended by administrator',
    waiting: 'Waited too long', silence: 'Nobody wrote', limit: 'Time limit', absent: 'Visitor left', 'counselor-gone': 'Counselor removed',
    banned: 'Account banned', 'consultation-ended': 'Consultation ended',
  },
  state: {
    loading: 'Loading', empty: 'Nothing here yet', wrong: 'Something went wrong', again: 'Try again',
    unreachable: 'The server cannot be reached just now', noSession: 'Your log-in has ended, please log in again', refused: 'That did not work',
  },
  unsaved: { title: 'Not saved', text: 'What you entered is not saved. Discard it?', discard: 'Discard', stay: 'Keep editing' },
  button: {
    ok: 'OK', cancel: 'Cancel', save: 'Save', reset: 'Reset', back: 'Back', more: 'More',
  },
  keys: {
    title: 'Keys', next: 'The next talk that waits for an answer', search: 'Search', help: 'Show the keys', leave: 'Leave the field, back to the list', move: 'Up and down the list', open: 'Open the chosen talk',
    letters: 'Use keys of a single letter', hint: 'The keys do nothing while you type; Escape leaves the field.',
  },
  help: {
    title: 'Help (in Chinese)',
    guide: { counselor: 'Counselors', supervisor: 'Supervisors', administrator: 'Administrators', 'first-day': 'First day', operations: 'Operation' },
  },
  languageNow: 'Language: {now}, change to {other}',
  colon: ': ',
  comma: ', ',
  time: { today: 'Today', tomorrow: 'Tomorrow', yesterday: 'Yesterday', minutes: '{n} min', seconds: '{n} s', hours: '{h} h {m} min' },
  chat: {
    messages: 'Messages', input: 'Write a message', hint: 'Enter sends, Shift+Enter starts a new line', send: 'Send', emoji: 'Emoji',
    image: 'Picture', imageOf: 'Picture from {name}', viewer: 'View picture', recall: 'Recall', recalled: '{name} recalled a message',
    recalledOwn: 'You recalled a message', read: 'Read', unread: 'Unread', sending: 'Sending', failed: 'Not sent', again: 'Send again',
    latest: 'To the latest', news: '{n} new messages', empty: 'No messages yet', missing: 'Some messages may be missing here, reading again', missingOnly: 'Some messages may be missing here', readAgain: 'Read now', askPicture: 'Send this picture?', tooLong: 'Too long: at most {max} characters',
    tooLarge: 'Picture too large: at most {max} MB', notImage: 'Only PNG, JPEG, GIF or WebP pictures', pictureGone: 'Picture unavailable',
    cannotRecall: 'Could not be recalled', open: 'Open',
    other: {
      TIMSoundElem: '[Voice]', TIMFileElem: '[File]', TIMVideoFileElem: '[Video]', TIMFaceElem: '[Emoji]', TIMLocationElem: '[Place]',
      TIMCustomElem: '[Custom message]', TIMImageElem: '[Picture]', TIMRelayElem: '[Forwarded messages]', unknown: '[Message]',
    },
    notice: noticesIn('en'),
    why: {
      network: 'Not sent: please check the network and try again', refused: 'This message cannot be sent', noSession: 'Not sent: your log-in has ended',
      ended: 'Not sent: the conversation has ended', waiting: 'Not sent: the conversation has not begun', unknown: 'Not sent: the conversation was not found',
      empty: 'There is nothing in this message', tooLong: 'Not sent: too long', picture: 'This picture cannot be sent', pictureKind: 'Only PNG, JPEG, GIF or WebP pictures can be sent',
      pictureDamaged: 'Not sent: the picture is damaged', pictureLarge: 'Not sent: the picture is too large', picturesFull: 'This conversation holds no more pictures', busy: 'The server is busy, please try again',
      malformed: 'This message cannot be sent', unknownMessage: 'The message was not found',
      recallEnded: 'The conversation has ended: nothing can be recalled', tooLate: 'Messages can be recalled for two minutes only',
    },
  },
}
